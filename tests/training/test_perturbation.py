"""Adversarial weight perturbation against the published rule, and that nothing of it stays."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from rcnas_zoo.training.perturbation import perturbed, same_buffers

from . import plain


@pytest.fixture
def ascent(convolutional, batch):
    """The gradient of the cross-entropy to each parameter, in train mode and double precision."""
    convolutional.double().train()
    loss = nn.functional.cross_entropy(convolutional(batch[0].double()), batch[1])
    return torch.autograd.grad(loss, list(convolutional.parameters()))


@pytest.mark.parametrize("gamma", [0.005, 0.5])
def test_the_weights_within_are_those_of_a_proxy_that_took_a_step_up(convolutional, ascent, gamma):
    expected = plain.perturbed_weights(convolutional, ascent, gamma)
    parameters = list(convolutional.parameters())
    with perturbed(parameters, ascent, gamma):
        for weight, wanted in zip(parameters, expected, strict=True):
            assert torch.allclose(weight, wanted, rtol=1e-12)


def test_each_matrix_moves_by_a_share_of_its_norm_and_each_vector_stays(convolutional, ascent):
    parameters = list(convolutional.parameters())
    before = [weight.detach().clone() for weight in parameters]
    with perturbed(parameters, ascent, 0.01):
        for weight, kept, gradient in zip(parameters, before, ascent, strict=True):
            moved = weight.detach() - kept
            assert moved.norm().item() == pytest.approx(0.01 * kept.norm().item() if weight.dim() > 1 else 0)
            if weight.dim() > 1:
                assert nn.functional.cosine_similarity(moved.flatten(), gradient.flatten(), 0) == pytest.approx(1)
    assert sum(weight.dim() > 1 for weight in parameters) == 3


@pytest.mark.parametrize("fails", [False, True])
def test_the_weights_come_back_bit_by_bit_also_after_an_error(convolutional, ascent, fails):
    before = deepcopy(convolutional.state_dict())
    try:
        with perturbed(list(convolutional.parameters()), ascent, 0.7):
            assert not torch.equal(convolutional[0].weight, before["0.weight"])
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    assert all(torch.equal(value, before[name]) for name, value in convolutional.state_dict().items())


def test_a_gradient_of_zero_moves_nothing(linear):
    parameters = list(linear.parameters())
    before = [weight.detach().clone() for weight in parameters]
    with perturbed(parameters, [torch.zeros_like(weight) for weight in parameters], 0.5):
        assert all(torch.equal(weight, kept) for weight, kept in zip(parameters, before, strict=True))


@pytest.mark.parametrize("fails", [False, True])
def test_running_statistics_come_back_bit_by_bit_also_after_an_error(convolutional, batch, fails):
    convolutional.train()
    convolutional(batch[0])
    before = deepcopy(convolutional.state_dict())
    try:
        with same_buffers(convolutional):
            convolutional(batch[0] ** 2)
            assert not torch.equal(convolutional[1].running_mean, before["1.running_mean"])
            assert convolutional[1].num_batches_tracked.item() == 2
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    assert all(torch.equal(value, before[name]) for name, value in convolutional.state_dict().items())
