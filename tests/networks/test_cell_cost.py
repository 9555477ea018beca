import pytest
import torch
from hypothesis import given, settings
from ptflops import get_model_complexity_info
from torch import nn

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cell_names import cell_network_spec
from rcnas_zoo.networks.cost import Cost, cost
from rcnas_zoo.networks.wide import CIFAR
from rcnas_zoo.spec.cells import CellSpec
from rcnas_zoo.spec.network import InputSpec

from .specs import CELL_SPECS, DIGITS, count_macs, count_parameters


@settings(max_examples=60, deadline=None)
@given(CELL_SPECS)
def test_the_formulas_count_what_the_module_has_and_does(spec: CellSpec) -> None:
    module = build(spec)
    assert cost(spec) == Cost(count_parameters(module), count_macs(module, torch.zeros(1, *spec.input.shape)))


@pytest.mark.parametrize(
    "spec",
    [
        cell_network_spec("lrnas-1@5", InputSpec((2, 15, 11)), 7),
        cell_network_spec("pdarts-1@4", CIFAR),
        cell_network_spec("robnet-1@4", DIGITS),
    ],
    ids=["none, odd sides and channels", "dilated", "not affine"],
)
def test_ptflops_counts_the_same_convolutions_and_linear_layers(spec: CellSpec) -> None:
    macs, parameters = get_model_complexity_info(
        build(spec),
        spec.input.shape,
        as_strings=False,
        print_per_layer_stat=False,
        ignore_modules=[nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d, nn.AvgPool2d],
        # Leaves out what is no module: activations, pooling, sums and products.
        backend_specific_config={"count_functional": False},
    )
    assert parameters == cost(spec).parameters
    # ptflops counts the additions of the classifier's bias, one for each class.
    assert macs == cost(spec).macs + spec.classes


# Parameters and MACs in millions, 10 classes, 3x32x32, as counted on the authors' own code.
PUBLISHED = {
    "darts-v2": (3.349, 528.4),
    "pdarts": (3.434, 532.2),
    "racl-6@36": (3.571, 550.0),
    "advrush-6@36": (4.158, 645.3),
    "lrnas": (2.180, 346.1),
    "lrnas-cifar100": (2.270, 370.0),
    "robnet-large-v1": (6.843, 1030.3),
    "robnet-large-v2": (33.327, 5094.6),
    "advrush": (32.575, 4948.5),
    "racl": (32.510, 4910.8),
    "advrush-10@96": (45.731, 6898.6),
    "racl-10@104": (45.094, 6773.3),
    "advrush-16@100": (78.082, 11698.1),
    "racl-16@108": (75.697, 11305.8),
    "advrush-22@100": (106.600, 15923.0),
    "racl-22@110": (106.608, 15879.7),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_costs_come_out(name: str) -> None:
    found = cost(cell_network_spec(name))
    assert (round(found.parameters / 1e6, 3), round(found.macs / 1e6, 1)) == PUBLISHED[name]


def test_the_exact_macs_that_are_printed_for_lrnas_come_out() -> None:
    # RDNAS, table 1: 346.10 M.
    assert round(cost(cell_network_spec("lrnas")).macs / 1e6, 2) == 346.10


@pytest.mark.parametrize("name", ["advrush", "racl", "robnet-large-v2"])
def test_a_stem_of_stride_two_makes_64_pixels_cost_what_32_do(name: str) -> None:
    small, large = cell_network_spec(name), cell_network_spec(name, InputSpec((3, 64, 64)))
    assert large.stem_stride == 2
    assert cost(large) == cost(small)
