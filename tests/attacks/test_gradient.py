from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from rcnas_zoo.attacks.losses import LOSSES
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, NearHalf, Recorder


def attack(name, threat, classes=4):
    return make_attack(AttackName.parse(name), ThreatModel.parse(threat), classes)


def two_class_problem(scale=1.0):
    """A linear model, images well inside the value range, labels, and the margin z_y - z_k of each image.

    Under a radius r the worst margin is the clean one minus r times the dual norm of w = W_y - W_k.
    """
    source = torch.Generator().manual_seed(4)
    weights = scale * torch.randn((2, 16), generator=source)
    images = 0.5 + 0.25 * (torch.rand((300, 1, 4, 4), generator=source) - 0.5)
    centre = torch.full((1, 16), 0.5) @ weights.T
    model = Linear(weights, -centre)
    labels = torch.arange(300) % 2
    difference = (weights[0] - weights[1]).double()
    margins = (images.flatten(1).double() - 0.5) @ difference * (1 - 2 * labels)
    return model, images, labels, margins, difference


@pytest.mark.parametrize("name", ["fgsm", "pgd-20", "cw-20"])
@pytest.mark.parametrize(("norm", "dual"), [("linf", 1), ("l2", 2)])
@pytest.mark.parametrize("scale", [1.0, 1e-25])
def test_linear_models_fall_exactly_where_they_must(name, norm, dual, scale, generator):
    model, images, labels, margins, difference = two_class_problem(scale)
    reach = {"linf": "1/50", "l2": "2/25"}[norm]
    loss = float(Fraction(reach)) * difference.norm(p=dual)
    # Twenty steps along the sphere end within a thousandth of its best point; nearer calls than that are left out.
    clear = (margins - loss).abs() > 1e-3 * loss
    assert clear.sum() > 290
    found = attack(name, f"{norm}@{reach}", classes=2).perturb(model, images[clear], labels[clear], generator)
    expected = margins[clear] > loss
    assert 0.1 < expected.float().mean() < 0.4
    assert torch.equal(is_right(model, found, labels[clear]), expected)


def plain_pgd(model, image, label, start, radius, steps):
    """PGD on one image as a plain loop: the first misclassified iterate, else the last."""
    current = start
    for _ in range(steps):
        current = current.detach().requires_grad_()
        logits = model(current)
        if logits.argmax() != label:
            break
        F.cross_entropy(logits, label.view(1)).backward()
        moved = current.detach() + radius / 4 * current.grad.sign()
        current = torch.clamp(torch.clamp(moved, image - radius, image + radius), 0, 1)
    return current.detach()


def test_pgd_follows_a_plain_loop_from_the_same_start(trained):
    model, images, labels = trained
    radius, steps = 0.1, 7
    seeds = torch.randint(2**31, (len(images),), generator=torch.Generator().manual_seed(11))
    found = attack(f"pgd-{steps}", "linf@1/10").perturb(model, images, labels, torch.Generator().manual_seed(11))
    for i in is_right(model, images, labels).nonzero().flatten()[:60].tolist():
        noise = torch.empty(1, 6, 6).uniform_(-radius, radius, generator=torch.Generator().manual_seed(int(seeds[i])))
        start = (images[i : i + 1] + noise).clamp(0, 1)
        expected = plain_pgd(model, images[i : i + 1], labels[i], start, radius, steps)
        assert torch.allclose(found[i : i + 1], expected, atol=1e-6)


def test_the_margin_loss_is_the_best_wrong_logit_minus_the_right_one():
    logits = torch.randn((40, 5), generator=torch.Generator().manual_seed(0)) - 100
    labels = torch.arange(40) % 5
    rows = logits.double().numpy()
    expected = [np.delete(row, y).max() - row[y] for row, y in zip(rows, labels.tolist(), strict=True)]
    assert torch.allclose(LOSSES["margin"](logits, labels).double(), torch.tensor(expected), atol=1e-5)


def test_broken_images_leave_the_batch_at_once(trained, generator):
    model, images, labels = trained
    recorder = Recorder(model)
    found = attack("pgd-10", "linf@1/10").perturb(recorder, images, labels, generator)
    sizes = [len(shown) for shown in recorder.seen]
    survivors = int(is_right(model, found, labels).sum())
    assert sizes[0] == len(images)
    assert sizes[1:] == sorted(sizes[1:], reverse=True)
    assert survivors <= sizes[-1] < sizes[1]


def test_a_misclassified_start_is_the_result(generator):
    images = torch.full((5, 1, 2, 2), 0.5)
    labels = torch.zeros(5, dtype=torch.int64)
    recorder = Recorder(NearHalf(0.01))
    found = attack("pgd-10", "linf@1/5", classes=2).perturb(recorder, images, labels, generator)
    assert len(recorder.seen) == 2
    assert torch.equal(found, recorder.seen[1])
    assert not is_right(recorder.model, found, labels).any()


def test_fgsm_is_one_signed_step_of_the_radius_from_the_image(net, batch, generator):
    images, labels = (part[2:] for part in batch)
    point = images.clone().requires_grad_()
    F.cross_entropy(net(point), labels).backward()
    expected = (images + 0.03 * point.grad.sign()).clamp(0, 1)
    found = attack("fgsm", "linf@3/100").perturb(net, images, labels, generator)
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_gradient_that_is_not_a_number_moves_nothing(net, batch, generator):
    class Broken(nn.Module):
        def forward(self, images):
            return net(images) + (images - images.detach()).abs().sum().sqrt()

    images, labels = batch
    assert torch.equal(attack("fgsm", "linf@1/10").perturb(Broken(), images, labels, generator), images)


def test_a_model_without_gradients_is_refused(net, batch, generator):
    class Rounded(nn.Module):
        def forward(self, images):
            return net(images).detach()

    with pytest.raises(InvalidInput, match="must be differentiable for an attack by gradients; attack it with square"):
        attack("pgd-3", "linf@1/10").perturb(Rounded(), *batch, generator)


def test_settings_tell_every_number():
    assert attack("pgd-20", "linf@8/255").settings == {
        "attack": "pgd-20",
        "threat": "linf@8/255",
        "range": [0.0, 1.0],
        "loss": "cross-entropy",
        "steps": 20,
        "step_size": "2/255",
        "start": "uniform",
        "restarts": 1,
        "result": "first misclassified iterate, else the last",
    }
    assert attack("cw-40", "linf@8/255").settings["loss"] == "margin"
    fgsm = attack("fgsm", "linf@8/255").settings
    assert (fgsm["steps"], fgsm["step_size"], fgsm["start"]) == (1, "8/255", "image")
