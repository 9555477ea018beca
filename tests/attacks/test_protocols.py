"""The protocols of the papers, against straight loops from the same starts."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from rcnas_zoo.attacks.gradient import GradientAttack
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import PROTOCOLS, AttackName
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

RADIUS = 0.1


def attack(name, protocol, threat="linf@1/10", low=0.0, high=1.0):
    return make_attack(AttackName.parse(name), ThreatModel.parse(threat), 4, low, high, protocol)


def attacked(made, model, images, labels):
    return made.perturb(model, images, labels, torch.Generator().manual_seed(3))


def starts(images):
    """What the images get from the generator of `attacked`, before it is clipped."""
    seeds = torch.randint(2**31, (len(images),), generator=torch.Generator().manual_seed(3)).tolist()
    noise = torch.empty_like(images)
    for draw, seed in zip(noise, seeds, strict=True):
        draw.uniform_(-RADIUS, RADIUS, generator=torch.Generator().manual_seed(seed))
    return images + noise


def reference(model, images, labels, loss, steps):
    """The evaluation loop of the RobustResNet code: steps of a tenth, the last iterate."""
    current = starts(images)
    for _ in range(steps):
        current = current.detach().requires_grad_()
        gradient = torch.autograd.grad(loss(model(current), labels), current)[0]
        moved = current.detach() + RADIUS / 10 * gradient.sign()
        current = torch.clamp(torch.minimum(torch.maximum(moved, images - RADIUS), images + RADIUS), 0, 1)
    return current.detach()


def cw(logits, labels):
    """-sum max(z_y - max z_k, 0), as that code writes it."""
    chosen = F.one_hot(labels, logits.shape[1]).float()
    right, wrong = (chosen * logits).sum(1), ((1 - chosen) * logits - chosen * 1e4).amax(1)
    return -torch.clamp(right - wrong, min=0).sum()


@pytest.mark.parametrize(("name", "loss"), [("pgd-20", F.cross_entropy), ("cw-40", cw)])
def test_rrn_is_the_straight_loop(trained, name, loss):
    model, images, labels = trained
    right = is_right(model, images, labels)
    found = attacked(attack(name, "rrn"), model, images, labels)
    expected = reference(model, images, labels, loss, int(name.split("-")[1]))
    survived = is_right(model, found, labels)
    assert 0.1 < survived.double().mean() < 0.9
    assert int((survived != (is_right(model, expected, labels) & right)).sum()) <= 1
    assert torch.equal(found[~right], images[~right])
    near = (found - expected).abs().amax((1, 2, 3)) < 1e-5
    assert near[right].double().mean() > 0.97


def test_rdnas_takes_steps_of_two_levels_from_five_starts(trained):
    model, images, labels = trained
    settings = attack("pgd-20", "rdnas", "linf@8/255").settings
    assert (settings["step_size"], settings["restarts"], settings["start"]) == ("2/255", 5, "uniform")
    five = attack("pgd-20", "rdnas")
    once = GradientAttack("pgd-20", five.ball, replace(five._ascent, restarts=1))
    survived, before = (is_right(model, attacked(each, model, images, labels), labels) for each in (five, once))
    assert not (survived & ~before).any()
    assert int(survived.sum()) < int(before.sum())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["pgd-3", "cw-3"])
def test_the_result_is_inside_the_ball_and_another_value_range_gives_the_same_attack(protocol, name, net, batch):
    class Wide(torch.nn.Module):
        def forward(self, images):
            return net((images + 1) / 4)

    images, labels = batch
    unit, wide = attack(name, protocol), attack(name, protocol, low=-1.0, high=3.0)
    found = attacked(unit, net, images, labels)
    assert unit.ball.excess(found, images) < 1e-6
    other = attacked(wide, Wide(), images * 4 - 1, labels)
    assert torch.equal(is_right(Wide(), other, labels), is_right(net, found, labels))


def test_settings_tell_the_protocols_apart():
    told = {protocol: attack("cw-20", protocol).settings for protocol in PROTOCOLS}
    assert (told["default"]["step_size"], told["default"]["restarts"]) == ("1/40", 1)
    assert (told["rrn"]["step_size"], told["rrn"]["loss"]) == ("1/100", "truncated-margin")
    assert (told["rrn"]["start"], told["rrn"]["result"]) == ("unclipped", "last iterate")
    assert len({str(settings) for settings in told.values()}) == 3


@pytest.mark.parametrize("name", ["pgd-20", "autoattack", "clean"])
def test_an_unknown_protocol_is_refused_for_every_attack(name):
    with pytest.raises(InvalidInput, match=r"a protocol must be one of .*, got 'rnn' .did you mean 'rrn'"):
        attack(name, "rnn")
