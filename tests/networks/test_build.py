import math

import torch
from torch import nn

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .specs import DIGITS

SPEC = ResidualSpec(DIGITS, 10, (StageSpec(2, 32), StageSpec(2, 32, 2, "robust")))


def test_equal_seeds_give_equal_weights_and_others_do_not() -> None:
    first, again, other = (build(SPEC, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if first[name].dim() > 1]
    assert not any(torch.equal(first[name], other[name]) for name in drawn)


def test_the_global_random_state_is_neither_used_nor_changed() -> None:
    state = torch.random.get_rng_state()
    before = build(SPEC).state_dict()
    assert torch.equal(torch.random.get_rng_state(), state)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        after = build(SPEC).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_network_comes_in_eval_mode_ready_to_train_with_its_spec() -> None:
    module = build(SPEC)
    assert module.spec is SPEC
    assert not any(part.training for part in module.modules())
    assert all(value.requires_grad and value.is_leaf for value in module.parameters())
    assert {(value.dtype, value.device.type) for value in module.parameters()} == {(torch.float32, "cpu")}


def test_convolutions_are_normal_with_the_deviation_of_their_outputs() -> None:
    module = build(named_spec("wrn-10-4"))
    weights = [layer.weight for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    assert len(weights) == 10
    standard = torch.cat([w.flatten() * math.sqrt(w[0, 0].numel() * w.shape[0] / 2) for w in weights]).detach()
    assert abs(standard.mean()) < 0.01
    assert abs(standard.std() - 1) < 0.01
    assert abs((standard.abs() < 1).float().mean() - math.erf(math.sqrt(0.5))) < 0.01


def test_grouped_convolutions_use_all_their_outputs_for_the_deviation() -> None:
    weights = [layer.weight for layer in build(SPEC).modules() if isinstance(layer, nn.Conv2d) and layer.groups == 4]
    assert len(weights) == 14
    deviation = torch.cat([w.flatten() for w in weights]).std().item()
    assert abs(deviation / math.sqrt(2 / (9 * 8)) - 1) < 0.1


def test_linear_layers_are_uniform_within_one_over_the_root_of_their_inputs() -> None:
    layer = build(named_spec("wrn-10-4", classes=100)).classifier
    bound = 1 / math.sqrt(layer.in_features)
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert abs(layer.weight.abs().mean() / bound - 0.5) < 0.01
    assert not layer.bias.any()


def test_normalisations_start_as_the_identity() -> None:
    norms = [layer for layer in build(SPEC).modules() if isinstance(layer, nn.BatchNorm2d)]
    fresh = nn.BatchNorm2d(1).state_dict()
    assert len(norms) == 25
    assert all(
        torch.equal(value, fresh[name].expand(value.shape)) for n in norms for name, value in n.state_dict().items()
    )
