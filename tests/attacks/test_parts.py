"""The parts of AutoAttack: exact on linear networks, and as strong as the authors' code as torchattacks has it."""

from copy import deepcopy
from fractions import Fraction
from itertools import pairwise

import pytest
import torch

from rcnas_zoo.attacks.autoattack import Effort, make_part
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.fab import FastAdaptiveBoundary
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.torchattacks_bridge import Peer
from rcnas_zoo.attacks.victim import Victim, is_right
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear

PARTS = ("apgd-ce", "apgd-dlr", "apgd-t", "fab-t", "square")
NORMS = pytest.mark.parametrize(("norm", "reach", "dual"), [("linf", "1/100", 1), ("l2", "1/30", 2)])
PEERS = {
    "apgd-ce": ("APGD", {"steps": 30, "loss": "ce"}),
    "apgd-dlr": ("APGD", {"steps": 30, "loss": "dlr"}),
    "apgd-t": ("APGDT", {"steps": 30, "n_classes": 4}),
    "fab-t": ("FAB", {"steps": 30, "n_classes": 4, "multi_targeted": True}),
    "square": ("Square", {"n_queries": 500, "resc_schedule": False}),
}
EFFORT = Effort(steps=30, queries=500)


def part(name, threat, classes, low=0.0, high=1.0):
    return make_part(name, make_ball(ThreatModel.parse(threat), low, high), classes, EFFORT)


def linear_problem():
    """A linear network of four classes, and images far from the ends of the value range."""
    source = torch.Generator().manual_seed(4)
    weights = torch.randn((4, 16), generator=source)
    images = 0.5 + 0.3 * (torch.rand((300, 1, 4, 4), generator=source) - 0.5)
    model = Linear(weights, -torch.full((1, 16), 0.5) @ weights.T)
    return model, images, model(images).argmax(1)


# Largest share of breakable images that stand: without targets an ascent climbs one hill of three, and a random search
# of few queries stops before its best corner.
MISSED = {"apgd-ce": 0.2, "apgd-dlr": 0.2, "apgd-t": 0.0, "fab-t": 0.0, "square": 0.45}


@NORMS
@pytest.mark.parametrize("name", PARTS)
def test_linear_networks_fall_exactly_where_they_must(name, norm, reach, dual, generator):
    model, images, labels = linear_problem()
    logits = model(images).double()
    margins = (logits.gather(1, labels[:, None]) - logits).scatter(1, labels[:, None], torch.inf)
    lengths = (model.weights[labels][:, None] - model.weights[None]).double().norm(p=dual, dim=2)
    distances = (margins / lengths.clamp_min(1e-9)).amin(1)
    radius = float(Fraction(reach))
    clear = (distances - radius).abs() > 2e-3 * radius
    assert clear.sum() > 290
    found = part(name, f"{norm}@{reach}", 4).perturb(model, images[clear], labels[clear], generator)
    right, expected = is_right(model, found, labels[clear]), distances[clear] > radius
    assert 0.3 < expected.double().mean() < 0.8
    assert right[expected].all()
    assert right[~expected].double().mean() <= MISSED[name]


@pytest.mark.parametrize(("norm", "reach", "dual"), [("linf", "1/20", 1), ("l2", "1/3", 2)])
@pytest.mark.parametrize("overshoot", [1.05, 1.2])
def test_fab_goes_beyond_the_boundary_by_its_overshoot(norm, reach, dual, overshoot):
    """Of two classes and far from the ends of the range: the first step of the first walk goes just there."""
    model, images, _ = linear_problem()
    model = Linear(model.weights[:2], model.biases[:, :2])
    labels = model(images).argmax(1)
    ball = make_ball(ThreatModel.parse(f"{norm}@{reach}"), 0.0, 1.0)
    attack = FastAdaptiveBoundary("fab-t", ball, 1, 1, overshoot)
    found = attack.perturb(model, images, labels, torch.Generator().manual_seed(0))
    gaps = (model(images) @ torch.tensor([1.0, -1.0])).abs() / (model.weights[0] - model.weights[1]).norm(p=dual)
    near = gaps * overshoot < 0.99 * ball.radius
    assert near.sum() > 100
    assert torch.allclose(ball.distance(found, images)[near], overshoot * gaps[near], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_as_strong_as_the_authors_code(name, threat, trained):
    model, images, labels = trained
    ours = part(name, threat, 4).perturb(model, images, labels, torch.Generator().manual_seed(0))
    right = is_right(model, ours, labels)
    class_name, arguments = PEERS[name]
    norm, radius = threat.split("@")
    arguments = {**arguments, "norm": {"linf": "Linf", "l2": "L2"}[norm], "eps": float(Fraction(radius))}
    ball = make_ball(ThreatModel.parse(threat), 0.0, 1.0)
    with untouched(model):
        theirs = Peer(class_name, arguments).attack(model, images, labels, ball, seed=0)
    expected = is_right(model, ball.project(theirs, images), labels)
    assert 0.2 < expected.double().mean() < 0.97
    assert int(right.sum()) <= int(expected.sum()) + 2
    # That code's squares never reach the last row and column, which counts in images as small as these.
    agreement = ~right | expected if name == "square" else right == expected
    assert agreement.double().mean() > 0.95


@pytest.mark.parametrize("name", PARTS)
def test_an_image_alone_meets_the_same_attack_as_in_a_batch(name, trained):
    """Each image has random choices of its own, so nothing but the rounding of sums depends on the batch."""
    images, labels = trained[1][:20].double(), trained[2][:20]
    model = deepcopy(trained[0]).double()
    attack, seeds = part(name, "linf@1/8", 4), list(range(100, 120))

    def attacked(chosen):
        hunt = Hunt(Victim(model), attack.ball, images[chosen], labels[chosen])
        attack.run(hunt, seeds[chosen])
        return hunt.found

    right = slice(*_longest_run(is_right(model, images, labels)))
    whole = attacked(right)
    alone = torch.cat([attacked(slice(i, i + 1)) for i in range(right.start, right.stop)])
    assert torch.allclose(whole, alone, atol=1e-6)


def _longest_run(right):
    """Begin and end of the longest run of images that the network classifies rightly."""
    ends = [-1, *(~right).nonzero().flatten().tolist(), len(right)]
    begin, end = max(pairwise(ends), key=lambda pair: pair[1] - pair[0])
    return begin + 1, end


@pytest.mark.parametrize(("name", "classes"), [("apgd-dlr", 2), ("apgd-t", 3)])
def test_a_loss_that_needs_more_classes_is_refused(name, classes):
    with pytest.raises(InvalidInput, match=rf"{name} needs at least {classes + 1} classes, got {classes}"):
        part(name, "linf@1/8", classes)
