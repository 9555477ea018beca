"""The average of weights against a plain loop and torch's own."""

from contextlib import suppress
from copy import deepcopy

import pytest
import torch

from rcnas_zoo.training.averaging import Average, snapshot


def moved(model, number):
    """The same model after one more random step of weights and statistics."""
    source = torch.Generator().manual_seed(number)
    with torch.no_grad():
        for value in model.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.empty_like(value).normal_(generator=source))
            else:
                value.add_(number)
    return model


@pytest.mark.parametrize("decay", [0.2, 0.9, 0.995])
def test_thirty_updates_equal_the_plain_loop(convolutional, decay):
    convolutional.double()
    average = Average.of(convolutional, decay)
    expected = deepcopy(convolutional.state_dict())
    for update in range(1, 31):
        average.update(moved(convolutional, update), update)
        weight = min(decay, (1 + update) / (10 + update))
        for name, value in convolutional.state_dict().items():
            if value.is_floating_point():
                expected[name] = weight * expected[name] + (1 - weight) * value
            else:
                expected[name] = value.clone()
    assert average.state.keys() == expected.keys()
    for name, value in average.state.items():
        assert torch.allclose(value, expected[name], rtol=1e-9)
    # 0.2 is below every rate of the warm-up but the first, 2 / 11, and 0.995 is not reached in 30 updates.
    assert weight == {0.2: 0.2, 0.9: 31 / 40, 0.995: 31 / 40}[decay]


def test_at_a_constant_decay_it_is_the_average_of_torch(convolutional):
    """From update 2 on, 3 / 12 is more than a decay of 0.2."""
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    average = Average.of(convolutional, 0.2)
    peer = AveragedModel(convolutional, multi_avg_fn=get_ema_multi_avg_fn(0.2), use_buffers=True)
    peer.update_parameters(convolutional)
    for update in range(2, 12):
        average.update(moved(convolutional, update), update)
        peer.update_parameters(convolutional)
    for name, value in peer.module.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(average.state[name], value, atol=1e-5)


def test_the_network_has_the_average_only_within(convolutional):
    average = Average.of(convolutional, 0.5)
    average.update(moved(convolutional, 1), 1)
    own = deepcopy(convolutional.state_dict())
    with average.in_place_of(convolutional):
        for name, value in convolutional.state_dict().items():
            assert torch.equal(value, average.state[name])
            assert value.data_ptr() != average.state[name].data_ptr()
        assert not torch.equal(convolutional[0].weight, own["0.weight"])
    assert all(torch.equal(value, own[name]) for name, value in convolutional.state_dict().items())
    with suppress(KeyboardInterrupt), average.in_place_of(convolutional):
        raise KeyboardInterrupt
    assert all(torch.equal(value, own[name]) for name, value in convolutional.state_dict().items())


def test_without_a_decay_nothing_is_kept_and_nothing_changes(convolutional):
    average = Average.of(convolutional, 0.0)
    average.update(convolutional, 1)
    own = deepcopy(convolutional.state_dict())
    with average.in_place_of(convolutional):
        assert all(torch.equal(value, own[name]) for name, value in convolutional.state_dict().items())
    assert average.state == {}


def test_the_average_starts_at_the_network_and_does_not_follow_it(convolutional):
    start = deepcopy(convolutional.state_dict())
    average = Average.of(convolutional, 0.9)
    moved(convolutional, 1)
    assert all(torch.equal(average.state[name], value) for name, value in start.items())


def test_a_snapshot_is_a_contiguous_copy(convolutional):
    convolutional.to(memory_format=torch.channels_last)
    weights = snapshot(convolutional.state_dict())
    kept = deepcopy(weights)
    assert all(value.is_contiguous() and not value.requires_grad for value in weights.values())
    moved(convolutional, 1)
    assert all(torch.equal(value, kept[name]) for name, value in weights.items())
    assert not convolutional[3].weight.is_contiguous()
