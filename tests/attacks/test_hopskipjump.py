from copy import deepcopy
from fractions import Fraction

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.boundary import Boundary
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.hopskipjump import Effort, HopSkipJump
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim, is_right
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, NearHalf, Recorder

QUICK = Effort(iterations=6)
NORMS = pytest.mark.parametrize(("norm", "reach", "dual"), [("linf", "1/50", 1), ("l2", "2/25", 2)])


def attack(threat, effort=QUICK):
    return HopSkipJump("hopskipjump", make_ball(ThreatModel.parse(threat), 0.0, 1.0), effort)


def two_class_problem():
    """A linear model, images well inside the value range, labels, and the distance of each to the plane by norm."""
    source = torch.Generator().manual_seed(4)
    weights = torch.randn((2, 16), generator=source)
    images = 0.5 + 0.25 * (torch.rand((100, 1, 4, 4), generator=source) - 0.5)
    model = Linear(weights, -torch.full((1, 16), 0.5) @ weights.T)
    labels = model(images).argmax(1)
    difference = (weights[0] - weights[1]).double()
    margins = ((images.flatten(1).double() - 0.5) @ difference).abs()
    return model, images, labels, {dual: margins / difference.norm(p=dual) for dual in (1, 2)}


@NORMS
def test_the_distance_to_a_plane_is_found(norm, reach, dual, generator):
    """With a ball of half the range no image leaves early: what comes back is the nearest point found."""
    model, images, labels, distances = two_class_problem()
    effort = Effort(iterations=25)
    wide = attack({"linf": "linf@1", "l2": "l2@9"}[norm], effort).to_the_end()
    found = wide.perturb(model, images, labels, generator)
    assert not is_right(model, found, labels).any()
    ratios = wide.ball.distance(found, images).double() / distances[dual]
    assert ratios.min() > 0.999
    assert ratios.median() < 1.02
    assert ratios.quantile(0.9) < 1.05


@NORMS
def test_linear_models_fall_where_they_must(norm, reach, dual, generator):
    model, images, labels, distances = two_class_problem()
    radius = float(Fraction(reach))
    shares = distances[dual] / radius
    clear = (shares < 0.9) | (shares > 1)
    found = attack(f"{norm}@{reach}", Effort(iterations=25)).perturb(model, images[clear], labels[clear], generator)
    expected = shares[clear] > 1
    assert clear.sum() > 80
    assert 0.1 < expected.double().mean() < 0.8
    assert torch.equal(is_right(model, found, labels[clear]), expected)


@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
def test_only_the_predicted_class_counts(threat, trained, generator):
    """A model that cannot be differentiated and tells no more than a class meets the same attack."""

    class ClassAlone(nn.Module):
        def forward(self, images):
            return F.one_hot(trained[0](images).argmax(1), 4)

    images, labels = trained[1][:40], trained[2][:40]
    found = attack(threat).perturb(ClassAlone(), images, labels, generator)
    expected = attack(threat).perturb(trained[0], images, labels, torch.Generator().manual_seed(11))
    assert torch.equal(found, expected)
    assert 0.3 < is_right(trained[0], found, labels).double().mean() < 0.95


@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
def test_an_image_alone_meets_the_same_attack_as_in_a_batch(threat, trained):
    images, labels = trained[1][:30].double(), trained[2][:30]
    model = deepcopy(trained[0]).double()
    right = is_right(model, images, labels)
    images, labels = images[right], labels[right]

    def attacked(chosen):
        hunt = Hunt(Victim(model), attack(threat).ball, images[chosen], labels[chosen])
        attack(threat).run(hunt, list(range(100, 200))[chosen])
        return hunt.found

    with untouched(model):
        whole = attacked(slice(0, len(images)))
        alone = torch.cat([attacked(slice(i, i + 1)) for i in range(len(images))])
    assert torch.allclose(whole, alone, atol=1e-5)


def test_an_image_whose_noise_is_never_misclassified_stands_as_it_is(generator):
    class Constant(nn.Module):
        def forward(self, images):
            return torch.stack([torch.ones(len(images)), torch.zeros(len(images))], 1)

    images, labels = torch.rand((5, 1, 3, 3), generator=generator), torch.zeros(5, dtype=torch.int64)
    recorder = Recorder(Constant())
    found = attack("linf@1/8", Effort(starts=7)).perturb(recorder, images, labels, generator)
    assert torch.equal(found, images)
    assert [len(shown) for shown in recorder.seen] == [5] * 8


def test_images_without_a_start_leave_the_others_to_be_attacked(generator):
    """Images brighter than all noise are class 1, so those of class 0 find no start."""

    class Mostly(nn.Module):
        def forward(self, images):
            bright = images.flatten(1).mean(1) - 0.8
            return torch.stack([-bright, bright], 1)

    images = torch.tensor([0.3, 0.85, 0.5, 0.9]).view(4, 1, 1, 1).expand(4, 1, 6, 6).clone()
    labels = torch.tensor([0, 1, 0, 1])
    found = attack("linf@1/5").perturb(Mostly(), images, labels, generator)
    assert is_right(Mostly(), found, labels).tolist() == [True, False, True, False]
    assert torch.equal(found[[0, 2]], images[[0, 2]])


@pytest.mark.parametrize("threat", ["linf@1/8", "l2@3/5"])
def test_no_image_costs_more_queries_than_the_settings_say(threat, trained, generator):
    images, labels = trained[1][:10], trained[2][:10]
    recorder = Recorder(trained[0])
    whole = attack(threat).to_the_end()
    found = whole.perturb(recorder, images, labels, generator)
    probes = 10 * sum(int(100 * t**0.5) for t in range(1, 7))
    asked = sum(len(shown) for shown in recorder.seen) - len(images)
    assert probes < asked <= 10 * whole.settings["queries"]
    assert found.isfinite().all()


def test_images_leave_as_soon_as_a_point_in_the_ball_is_misclassified(generator):
    images, labels = torch.full((4, 1, 2, 2), 0.5), torch.zeros(4, dtype=torch.int64)
    recorder = Recorder(NearHalf(0.01))
    found = attack("linf@1/5").perturb(recorder, images, labels, generator)
    assert not is_right(recorder.model, found, labels).any()
    # The images, noise, blending, bisection, verdict: no probe was needed.
    assert sum(len(shown) for shown in recorder.seen) == 4 * (1 + 1 + 10 + 10 + 1)


@pytest.mark.parametrize("threat", ["linf@1", "l2@9"])
def test_probes_come_nearer_with_the_last_stride(threat, trained, monkeypatch, generator):
    """The first are a tenth of the range away, later ones gamma / pixels of the point's distance before bisection."""
    strides, probes = [], []
    bisect, normal = Boundary.bisect, Boundary.normal

    def noted_bisect(self, points, *more):
        strides.append(self.ball.distance(points, self.centres))
        return bisect(self, points, *more)

    def noted_normal(self, points, reach, count, streams):
        probes.append((reach, count))
        return normal(self, points, reach, count, streams)

    monkeypatch.setattr(Boundary, "bisect", noted_bisect)
    monkeypatch.setattr(Boundary, "normal", noted_normal)
    effort = Effort(iterations=4, gamma=2.0)
    attack(threat, effort).to_the_end().perturb(trained[0], trained[1][:5], trained[2][:5], generator)
    assert [count for _, count in probes] == [100, 141, 173, 200]
    assert torch.allclose(probes[0][0], torch.tensor(0.1))
    # The first two bisections are those of the start: along the line, then by the norm.
    for (reach, _), stride in zip(probes[1:], strides[2:-1], strict=True):
        assert torch.allclose(reach, 2 * stride / 36)


def test_settings_tell_every_number():
    assert attack("linf@8/255", Effort()).settings == {
        "attack": "hopskipjump",
        "threat": "linf@8/255",
        "range": [0.0, 1.0],
        "iterations": 50,
        "initial_evaluations": 100,
        "most_evaluations": 10000,
        "gamma": 1.0,
        "starts": 100,
        # The start, the probes, and each iteration's steps, bisections and verdict.
        "queries": (100 + 10 + 24 + 1) + sum(int(100 * t**0.5) for t in range(1, 51)) + 50 * (20 + 24 + 1),
        "result": "first misclassified point in the ball, else the nearest",
    }
    assert attack("linf@8/255").to_the_end().settings["result"] == "nearest misclassified point"


def test_probes_grow_with_the_root_of_the_iteration():
    effort = Effort(initial_evaluations=100, most_evaluations=500)
    probes = [effort.evaluations(iteration) for iteration in (1, 2, 4, 10, 25, 26, 900)]
    assert probes == [100, 141, 200, 316, 500, 500, 500]
