import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.candidates.margins import BATCH_SIZE, margin_cached, margins
from rcnas_zoo.candidates.verdicts import AttackJob, ledgers_of
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec import ResidualSpec, StageSpec, ThreatModel
from rcnas_zoo.spec.network import InputSpec

SPEC = ResidualSpec(InputSpec((1, 4, 4)), 2, (StageSpec(1, 16),))
COUNT = BATCH_SIZE + 30


@pytest.fixture
def linear() -> nn.Module:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)).requires_grad_(False)
    weights = torch.randn((2, 16), generator=torch.Generator().manual_seed(1))
    model[1].weight.copy_(weights)
    model[1].bias.copy_(torch.tensor([0.3, -0.2]))
    return model


@pytest.fixture
def images() -> Images:
    """Far enough from black and white that a step of 1/10 is never clipped."""
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(60, 190, (COUNT, 1, 4, 4), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.randint(2, (COUNT,), generator=generator))


def measured(model, images, tmp_path, attack="pgd-20", seed=0):
    job = AttackJob((attack,), ThreatModel.parse("linf@1/10"), seed, tmp_path)
    return margin_cached(model, SPEC, images, ledgers_of(model, SPEC, images, job))


def margin_of_a_line(model, images, radius):
    """Of two classes the margin is tanh(d / 2), d being the difference of the logits, which a step lowers by
    radius |w|_1."""
    sign = 1 - 2 * images.labels
    weights = (model[1].weight[0] - model[1].weight[1]).double()
    bias = (model[1].bias[0] - model[1].bias[1]).double()
    difference = sign * (images.floats().double().flatten(1) @ weights + bias)
    return torch.tanh((difference - radius * weights.abs().sum()) / 2).mean().item()


def test_the_margin_of_a_linear_network_is_its_closed_form(linear, images, tmp_path):
    attacked = measured(linear, images, tmp_path)
    assert attacked == pytest.approx(margin_of_a_line(linear, images, 0.1), abs=1e-6)
    clean = measured(linear, images, tmp_path, attack="clean")
    assert clean == pytest.approx(margin_of_a_line(linear, images, 0.0), abs=1e-6)
    assert attacked < clean


def test_the_task_s_attack_and_seed_do_not_change_the_margin(linear, images, tmp_path):
    assert measured(linear, images, tmp_path) == measured(linear, images, tmp_path, "cw-40", seed=3)


def test_a_margin_is_measured_once(linear, images, tmp_path, monkeypatch):
    first = measured(linear, images, tmp_path)
    monkeypatch.setattr(Attack, "perturb", lambda *_: pytest.fail("measured twice"))
    assert measured(linear, images, tmp_path) == first


def test_another_network_and_other_images_have_margins_of_their_own(linear, images, tmp_path):
    first = measured(linear, images, tmp_path)
    assert measured(linear, images.select(list(range(100))), tmp_path) != first
    linear[1].bias.add_(torch.tensor([0.5, 0.0]))
    assert measured(linear, images, tmp_path) != first


def test_a_damaged_margin_is_set_aside_and_measured_again(linear, images, tmp_path):
    first = measured(linear, images, tmp_path)
    (path,) = tmp_path.glob("margins/*/*/margin.json")
    path.write_text(json.dumps({"margin": 0.99}))
    assert measured(linear, images, tmp_path) == first
    assert list(tmp_path.glob("margins/*/*.damaged"))


def test_margins_are_those_of_a_plain_loop():
    logits = torch.randn((7, 5), generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 3, 4, 0, 1])
    for row, label, found in zip(logits.double(), labels.tolist(), margins(logits, labels), strict=True):
        chances = [float(value) for value in torch.exp(row) / torch.exp(row).sum()]
        assert found == pytest.approx(chances.pop(label) - max(chances))


def test_margins_end_at_one_and_minus_one_also_where_logits_are_not_finite():
    rows = torch.tensor([[1e30, 0.0], [0.0, 1e30], [torch.nan, 0.0], [torch.inf, 0.0]])
    assert margins(rows, torch.zeros(4, dtype=torch.int64)).tolist() == [1, -1, -1, -1]


def test_the_batch_norm_of_a_network_stays_as_it_was(images, tmp_path):
    model = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(16, 2)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    measured(model, images, tmp_path)
    assert model.training
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


def test_a_radius_has_a_margin_of_its_own(linear, images, tmp_path):
    job = AttackJob(("fgsm",), ThreatModel.parse("linf@1/10"), 0, tmp_path)
    found = [
        margin_cached(linear, SPEC, images, ledgers_of(linear, SPEC, images, replace(job, threat=threat)))
        for threat in (ThreatModel.parse("linf@1/10"), ThreatModel.parse("linf@1/20"))
    ]
    assert found[0] < found[1]
