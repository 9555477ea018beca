import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.evaluation.inputs import check_inputs
from rcnas_zoo.evaluation.lint import checks as module
from rcnas_zoo.evaluation.lint.checks import lint_flags
from rcnas_zoo.spec.threat import ThreatModel

THREAT = ThreatModel.parse("linf@1/10")


def flags_of(model, images, labels, **more):
    with untouched(model):
        return list(lint_flags(model, check_inputs(model, images, labels), THREAT, **more))


class Rounded(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return torch.round(50 * self.network(images))


def test_a_plain_network_has_no_flag(conv, linear, images, labels):
    assert flags_of(linear, images, labels) == []
    assert flags_of(conv, images, conv(images).argmax(1)) == []


def test_a_seed_gives_the_same_flags_and_leaves_the_random_state_alone(linear, images, labels):
    model = Rounded(linear)
    state = torch.get_rng_state()
    found = flags_of(model, images, labels, seed=3)
    assert len(found) > 1
    assert flags_of(model, images, labels, seed=3) == found
    assert torch.equal(torch.get_rng_state(), state)


def test_so_many_samples_are_attacked(linear, images, labels):
    chosen = torch.randperm(30, generator=torch.Generator().manual_seed(0))[:20]
    right = int((chosen < 25).sum())
    found = flags_of(Rounded(linear), images, labels, samples=20)
    assert right < 20
    assert any(flag.startswith("square-above-gradients") and f" of {right} images fall" in flag for flag in found)


def test_an_answer_that_changes_ends_it(monkeypatch, linear, images, labels):
    class Noisy(nn.Module):
        def forward(self, images):
            return linear(images) + torch.randn(len(images), 2)

    monkeypatch.setattr(module, "format_flags", lambda *_: pytest.fail("looked further"))
    (flag,) = flags_of(Noisy(), images, labels)
    assert flag.startswith("answers-differ: ")


def test_too_few_images_that_are_right_are_told(linear, images):
    right = linear(images).argmax(1)
    wrong = torch.where(torch.arange(30) < 9, right, 1 - right)
    assert flags_of(linear, images, wrong)[-1] == (
        "too-few-right: 9 of 30 images are right, too few to compare attacks on"
    )


def test_a_model_without_gradients_is_not_attacked(linear, images, labels):
    class Detached(nn.Module):
        def forward(self, images):
            return linear(images).detach()

    assert flags_of(Detached(), images, labels) == []
