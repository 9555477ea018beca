"""What every attack owes, whatever its name."""

import json

import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.attacks.victim import is_right
from rcnas_zoo.spec.attack import PLAIN_ATTACKS, AttackName
from rcnas_zoo.spec.threat import ThreatModel

NAMES = [*PLAIN_ATTACKS, "pgd-7", "cw-7", "torchattacks:APGD", "torchattacks:CW", "torchattacks:FAB"]
LINF_NAMES = ["torchattacks:PGD", "torchattacks:FFGSM", "torchattacks:UPGD", "torchattacks:VMIFGSM"]
CASES = pytest.mark.parametrize(
    ("name", "threat"),
    [(name, threat) for name in NAMES for threat in ("linf@1/25", "l2@1/5")] + [(n, "linf@1/25") for n in LINF_NAMES],
)
pytestmark = pytest.mark.usefixtures("quick_autoattack")


def made(name, threat, low=0.0, high=1.0):
    return make_attack(AttackName.parse(name), ThreatModel.parse(threat), 4, low, high)


def perturbed(attack, model, batch, seed=0):
    return attack.perturb(model, *batch, torch.Generator().manual_seed(seed))


@CASES
def test_the_result_is_inside_the_ball_and_the_range_and_repeats(name, threat, net, batch):
    attack = made(name, threat)
    found = perturbed(attack, net, batch)
    assert (found.shape, found.dtype, found.requires_grad) == (batch[0].shape, torch.float32, False)
    assert attack.ball.excess(found, batch[0]) < 1e-6
    assert torch.equal(perturbed(made(name, threat), net, batch), found)


@CASES
def test_an_image_that_is_wrong_already_comes_back_unchanged(name, threat, net, batch):
    found = perturbed(made(name, threat), net, batch)
    assert torch.equal(found[:2], batch[0][:2])
    assert not is_right(net, found, batch[1])[:2].any()


@CASES
def test_the_model_the_inputs_and_the_world_stay_as_they_were(name, threat, net, batch):
    net.train()
    net[1].eval()
    net[4].weight.requires_grad_(False)
    weights = {key: value.clone() for key, value in net.state_dict().items()}
    state, images, labels = torch.get_rng_state(), batch[0].clone(), batch[1].clone()
    perturbed(made(name, threat), net, batch)
    assert [module.training for module in net] == [True, False, True, True, True]
    assert all(torch.equal(value, weights[key]) for key, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())
    assert [parameter.requires_grad for parameter in net.parameters()] == [True] * 4 + [False, True]
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(batch[0], images)
    assert torch.equal(batch[1], labels)


@CASES
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_surrounding_gradient_modes_and_frozen_parameters_change_nothing(name, threat, context, net, batch):
    free = perturbed(made(name, threat), net, batch)
    net.requires_grad_(False)
    with context():
        caged = perturbed(made(name, threat), net, batch)
    assert torch.equal(caged, free)


@CASES
def test_another_value_range_gives_the_same_attack(name, threat, net, batch):
    class Signed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, images):
            return self.net((images + 1) / 2)

    images, labels = batch
    attack = made(name, threat, low=-1.0, high=1.0)
    found = perturbed(attack, Signed(), (images * 2 - 1, labels))
    assert attack.ball.excess(found, images * 2 - 1) < 1e-6
    expected = is_right(net, perturbed(made(name, threat), net, batch), labels)
    assert torch.equal(is_right(Signed(), found, labels), expected)


@CASES
def test_settings_are_plain_json_and_known_before_the_attack_runs(name, threat, net, batch):
    attack = made(name, threat)
    before = json.dumps(attack.settings, allow_nan=False)
    perturbed(attack, net, batch)
    assert json.dumps(attack.settings) == before == json.dumps(made(name, threat).settings)
    assert attack.settings["attack"] == attack.name == name


@pytest.mark.parametrize(
    "name", [name for name in NAMES if not name.startswith("torchattacks") and name != "a3-search"]
)
def test_the_effort_is_about_what_an_image_that_stands_costs(name, net, batch):
    counted = Counting(net)
    attack = make_attack(AttackName.parse(name), ThreatModel.parse("linf@1/10000"), 4)
    perturbed(attack, counted, (batch[0][2:], batch[1][2:]))
    assert counted.passes / 10 / 3 <= attack.effort <= 2 * counted.passes / 10 + 3


class Counting(nn.Module):
    """Counts the images that pass, and those whose gradient is wanted twice."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.passes = 0

    def forward(self, images):
        self.passes += len(images) * (2 if images.requires_grad else 1)
        return self.model(images)


@CASES
def test_one_image_and_none_left_to_attack_are_batches_too(name, threat, net, batch):
    images, labels = batch
    single = (images[2:3], labels[2:3])
    assert perturbed(made(name, threat), net, single).shape == (1, 1, 6, 6)
    hopeless = (images[:2], labels[:2])
    assert torch.equal(perturbed(made(name, threat), net, hopeless), images[:2])
