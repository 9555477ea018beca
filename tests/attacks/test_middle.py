import pytest
import torch
from torch import nn

from rcnas_zoo.attacks.middle import gradient, middle_layer, tapped
from rcnas_zoo.spec.errors import InvalidInput

from .victims import Linear


class Staged(nn.Module):
    """A network with stages, as `rcnas_zoo.networks` builds them."""

    def __init__(self, count, kind=nn.Sequential):
        super().__init__()
        self.stem = nn.Linear(2, 2)
        self.stages = kind([nn.Linear(2, 2) for _ in range(count)]) if kind is nn.ModuleList else nn.Sequential()
        if kind is nn.Sequential:
            self.stages.extend([nn.Linear(2, 2) for _ in range(count)])
        self.norm = nn.BatchNorm1d(2)
        self.classifier = nn.Linear(2, 2)


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
@pytest.mark.parametrize(("count", "middle"), [(2, 0), (3, 1), (4, 1), (5, 2)])
def test_of_stages_it_is_the_middle_one(kind, count, middle):
    net = Staged(count, kind)
    assert middle_layer(net) is net.stages[middle]
    assert middle_layer(nn.Sequential(nn.Flatten(), net)) is net.stages[middle]


@pytest.mark.parametrize(("count", "middle"), [(2, 0), (5, 2)])
def test_of_cells_it_is_the_middle_one(count, middle):
    net = Staged(1)
    net.cells = nn.ModuleList([nn.Linear(2, 2) for _ in range(count)])
    assert middle_layer(net) is net.cells[middle]


def test_a_single_stage_is_no_middle():
    net = Staged(1)
    assert middle_layer(net) is net.stages


@pytest.mark.parametrize(("count", "middle"), [(2, 0), (3, 1), (4, 1), (5, 2)])
def test_without_stages_it_is_the_middle_child(count, middle):
    net = nn.Sequential(*[nn.Linear(2, 2) for _ in range(count)])
    assert middle_layer(net) is net[middle]


def test_wrappers_are_looked_through():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    assert middle_layer(nn.Sequential(nn.Identity(), nn.Sequential(net))) is net[1]


@pytest.mark.parametrize("model", [Linear(torch.ones(2, 4)), nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2))])
def test_a_model_without_layers_is_refused(model):
    with pytest.raises(InvalidInput, match=r"at least two child modules .* has [01]; attack it with pgd-20"):
        middle_layer(model)


@pytest.mark.parametrize("detached", [False, True])
def test_a_tap_tells_what_the_layer_put_out_even_if_the_next_works_in_place(detached):
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
    images = torch.randn((5, 3), generator=torch.Generator().manual_seed(0)).requires_grad_()
    expected = net(images)
    with tapped(net[0], detached) as tap:
        logits = net(images)
        output = tap.take()
    assert torch.equal(output, net[0](images))
    assert output.is_leaf is detached
    assert torch.equal(logits, expected)
    slopes = gradient(logits[:, 0], output)
    assert torch.allclose(slopes, net[2].weight[0] * (output > 0))


def test_the_layer_is_as_it_was_also_after_an_error():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    with pytest.raises(RuntimeError, match="shapes"), tapped(net[0]):
        net(torch.zeros(1, 7))
    assert not net[0]._forward_hooks


def test_a_layer_that_does_not_run_or_puts_out_no_tensor_is_refused():
    class Pair(nn.Module):
        def forward(self, images):
            return images, images

    layer = Pair()
    with tapped(layer) as tap, pytest.raises(InvalidInput, match="middle layer of a model must run"):
        tap.take()
    with tapped(layer) as tap:
        layer(torch.zeros(1))
        with pytest.raises(InvalidInput, match="middle layer of a model must run"):
            tap.take()


def test_a_gradient_that_is_not_a_number_is_zero_and_one_that_is_not_there_is_refused():
    point = torch.tensor([0.0, 4.0], requires_grad=True)
    assert gradient(point.sqrt() * 0 + point.sqrt(), point).tolist() == [0.0, 0.25]
    for outputs in (point.detach(), torch.ones(2, requires_grad=True)):
        with pytest.raises(InvalidInput, match="must be differentiable for an attack by gradients"):
            gradient(outputs, point)
