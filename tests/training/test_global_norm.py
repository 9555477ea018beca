"""Batch normalisation of a batch in parts against that of torch, which sees it whole."""

import copy

import pytest
import torch
from torch import nn

from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.training.global_norm import global_norms

from ..teams import as_threads

# Rows of each process: even, uneven by one, one with none.
SPLITS = [(4, 4), (5, 4), (2, 2, 1), (3, 0)]


def images(count, dtype=torch.float64):
    """Channels far from zero, one of them with a spread that is small beside its mean."""
    noise = torch.randn(count, 3, 4, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    scale, shift = torch.tensor([1.0, 5.0, 1e-3]), torch.tensor([0.0, -20.0, 100.0])
    return (noise * scale.view(1, 3, 1, 1) + shift.view(1, 3, 1, 1)).to(dtype)


def network(dtype=torch.float64, **settings):
    """Two normalisations with a convolution between, so that gradients come through both."""
    source = torch.Generator().manual_seed(2)
    layers = nn.Sequential(
        nn.BatchNorm2d(3, **settings), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, **settings), nn.ReLU(), nn.Flatten()
    )
    with torch.no_grad():
        for parameter in layers.parameters():
            parameter.normal_(0.5, 1.0, generator=source)
    return layers.to(dtype)


def test_other_normalisations_of_a_batch_are_refused():
    model = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.BatchNorm1d(48))
    refused = pytest.raises(InvalidInput, match="must normalise batches by BatchNorm2d, got BatchNorm1d")
    with refused, global_norms(model, Team(0, 2)):
        pytest.fail("normalised")
    with global_norms(model, Team()):
        assert type(model[0]) is nn.BatchNorm2d


def loss_of(outputs, rows):
    """A loss that weighs every output differently; the sum over rows of any split."""
    outputs = outputs.double().flatten(1)
    weights = torch.randn(16, outputs.shape[1], generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    return (outputs.square() * weights[rows]).sum() / 7


def step(model, batch, rows):
    """Outputs, gradient to the images, gradients to the weights, of some rows of a batch in train mode."""
    point = batch[rows].clone().requires_grad_()
    outputs = model.train()(point)
    gradient, *gradients = torch.autograd.grad(loss_of(outputs, rows), [point, *model.parameters()])
    return outputs.detach(), gradient, gradients


def whole(model, batch, passes=1):
    results = [step(model, batch, slice(0, len(batch))) for _ in range(passes)]
    return results[-1], model.state_dict()


def in_parts(model, batch, sizes, passes=1):
    """The same of a team: rows of all processes, summed weight gradients, and the state of each process's model."""

    def work(team):
        mine, start = copy.deepcopy(model), sum(sizes[: team.rank])
        with global_norms(mine, team):
            for _ in range(passes):
                outputs, gradient, gradients = step(mine, batch, slice(start, start + sizes[team.rank]))
        team.add(gradients)
        return outputs, gradient, gradients, mine.state_dict()

    results = as_threads(len(sizes), work)
    outputs, gradient = (torch.cat([result[place] for result in results]) for place in (0, 1))
    return (outputs, gradient, results[0][2]), [result[3] for result in results]


def assert_same(parts, expected, **tolerance):
    (values, states), (reference, state) = parts, expected
    for mine, torchs in zip([*values[:2], *values[2]], [*reference[:2], *reference[2]], strict=True):
        torch.testing.assert_close(mine, torchs, **tolerance)
    for mine in states:
        torch.testing.assert_close(mine, state, **tolerance)


@pytest.mark.parametrize("sizes", SPLITS)
def test_parts_of_a_batch_are_normalised_as_the_whole(sizes):
    batch = images(sum(sizes))
    parts = in_parts(network(), batch, sizes)
    assert_same(parts, whole(network(), batch), rtol=1e-9, atol=1e-10)


def test_single_precision_is_no_further_from_the_truth_than_torch():
    batch = images(9, torch.float32)
    (outputs, _, _), _ = in_parts(nn.BatchNorm2d(3), batch, (5, 4))
    truth, torchs = (
        whole(nn.BatchNorm2d(3).to(dtype), batch.to(dtype))[0][0] for dtype in (torch.float64, torch.float32)
    )
    assert (outputs - truth).abs().max() <= 2 * (torchs - truth).abs().max()


@pytest.mark.parametrize("settings", [{"momentum": None}, {"momentum": 0.0}, {"affine": False, "eps": 0.1}])
def test_every_setting_of_the_layer_holds(settings):
    batch = images(9)
    parts = in_parts(network(**settings), batch, (5, 4), passes=3)
    assert_same(parts, whole(network(**settings), batch, passes=3), rtol=1e-9, atol=1e-10)


def test_a_layer_without_running_statistics_uses_the_batch():
    batch = images(9)
    parts = in_parts(network(track_running_stats=False), batch, (5, 4))
    assert_same(parts, whole(network(track_running_stats=False), batch), rtol=1e-9, atol=1e-10)


def test_the_layout_of_memory_does_not_matter():
    batch = images(9).contiguous(memory_format=torch.channels_last)
    parts = in_parts(network(), batch, (5, 4))
    assert_same(parts, whole(network(), batch), rtol=1e-9, atol=1e-10)


def test_half_precision_is_summed_in_single_precision():
    batch = images(9, torch.bfloat16)[:, :2]
    (outputs, gradient, _), states = in_parts(nn.BatchNorm2d(2), batch, (5, 4))
    (expected, slope, _), state = whole(nn.BatchNorm2d(2), batch.float())
    assert outputs.dtype == gradient.dtype == torch.bfloat16
    torch.testing.assert_close(outputs.float(), expected, rtol=0.01, atol=0.01)
    torch.testing.assert_close(gradient.float(), slope, rtol=0.02, atol=0.02)
    torch.testing.assert_close(states[0], state, rtol=1e-5, atol=1e-6)


def test_in_eval_mode_nothing_changes():
    batch = images(8)

    def work(team):
        model = network().eval()
        with global_norms(model, team):
            return model(batch), model.state_dict()

    model = network().eval()
    for outputs, state in as_threads(2, work):
        assert torch.equal(outputs, model(batch))
        torch.testing.assert_close(state, model.state_dict(), rtol=0, atol=0)


def test_within_the_names_are_the_same_and_at_the_end_all_is_as_before():
    model = network()
    before = [(name, type(module), set(vars(module))) for name, module in model.named_modules()]
    with global_norms(model, Team(0, 2)):
        assert list(model.state_dict()) == list(network().state_dict())
        assert type(model[0]) is not nn.BatchNorm2d
        assert isinstance(model[0], nn.BatchNorm2d)
    assert [(name, type(module), set(vars(module))) for name, module in model.named_modules()] == before


def test_after_an_error_the_layers_are_torchs_again():
    model = network()
    with pytest.raises(ValueError, match="expected 4D input"), global_norms(model, Team(0, 2)):
        model(torch.zeros(3, 3))
    assert type(model[0]) is nn.BatchNorm2d


def test_alone_the_model_stays_as_it_is():
    model = network()
    with global_norms(model, Team()):
        assert type(model[0]) is nn.BatchNorm2d


def test_a_frozen_layer_passes_the_gradient_to_the_images_on():
    batch = images(9)

    def work(team):
        model = network().requires_grad_(False)
        rows = slice(0, 5) if team.leads else slice(5, 9)
        with global_norms(model, team):
            point = batch[rows].clone().requires_grad_()
            return torch.autograd.grad(loss_of(model(point), rows), point)[0]

    (_, gradient, _), _ = whole(network(), batch)
    torch.testing.assert_close(torch.cat(as_threads(2, work)), gradient, rtol=1e-9, atol=1e-10)


def test_without_the_team_parts_of_a_batch_would_come_out_otherwise():
    batch = images(8)
    alone = torch.cat([network()(batch[:4]), network()(batch[4:])])
    assert not torch.allclose(alone, network()(batch), rtol=0.01, atol=0.01)
