import pytest
import torch
from torch import nn

from rcnas_zoo.search.rcnas.tensors import load, prefixed, seeded, under
from rcnas_zoo.spec.errors import InvalidInput


def make():
    return nn.Linear(100, 50)


def test_weights_come_from_the_generator_and_not_from_the_global_state():
    before = torch.random.get_rng_state()
    first = seeded(make, torch.Generator().manual_seed(0))
    again = seeded(make, torch.Generator().manual_seed(0))
    other = seeded(make, torch.Generator().manual_seed(1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)


def test_weights_are_uniform_and_biases_zero():
    module = seeded(make, torch.Generator().manual_seed(0))
    assert module.weight.abs().max() <= 0.1
    assert module.weight.std().item() == pytest.approx(0.1 / 3**0.5, rel=0.05)
    assert not module.bias.any()


def test_tensors_keep_their_place_under_a_prefix():
    weights = {"a.b": torch.ones(1), "c": torch.zeros(1)}
    packed = {**prefixed("one", weights), **prefixed("oneself", weights)}
    assert under("one", packed).keys() == weights.keys()
    packed["one.c"] += 1
    assert weights["c"].item() == 0


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(InvalidInput, match="a policy must fit the agent's settings: size mismatch for weight"):
        load(make(), {"weight": torch.zeros(1, 1), "bias": torch.zeros(50)}, "a policy")
