import random

import numpy as np
import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched


def misbehave(model):
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    model.train()
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    model(torch.rand(4, 1, 6, 6)).sum().backward()
    model.zero_grad(set_to_none=False)


@pytest.fixture
def lived_in(net):
    """A network in train mode with one layer kept in eval mode, one frozen layer and a gradient left over."""
    net.train()
    net[1].eval()
    net[0].weight.requires_grad_(False)
    net[4].weight.grad = torch.ones_like(net[4].weight)
    return net


def test_global_random_states_come_back(net):
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    with untouched(net):
        misbehave(net)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]


def test_each_module_gets_its_own_mode_back(lived_in):
    with untouched(lived_in):
        assert not any(module.training for module in lived_in.modules())
        misbehave(lived_in)
    assert [module.training for module in lived_in] == [True, False, True, True, True]
    assert lived_in.training


def test_gradients_and_frozen_parameters_come_back(lived_in):
    with untouched(lived_in):
        misbehave(lived_in)
    assert [parameter.requires_grad for parameter in lived_in.parameters()] == [False, True, True, True, True, True]
    assert torch.equal(lived_in[4].weight.grad, torch.ones_like(lived_in[4].weight))
    assert lived_in[4].bias.grad is None


def test_everything_comes_back_after_an_error(lived_in):
    state = torch.get_rng_state()

    def fail():
        with untouched(lived_in):
            misbehave(lived_in)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.equal(torch.get_rng_state(), state)
    assert lived_in.training
    assert not lived_in[1].training


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_inputs_get_gradients_in_any_surrounding(net, context):
    with context(), untouched(net):
        images = torch.rand(2, 1, 6, 6, requires_grad=True)
        net(images).sum().backward()
        assert images.grad.abs().sum() > 0


def test_a_model_without_parameters_can_be_lent_out():
    with untouched(nn.Flatten()):
        pass
