import pytest
import torch
from hypothesis import given, settings
from ptflops import get_model_complexity_info
from torch import nn

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import Cost, cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.networks.residual_cost import stage_costs
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .specs import DIGITS, SPECS, TINY_IMAGENET, count_macs, count_parameters

MIXED = ResidualSpec(
    InputSpec((3, 15, 12)),
    7,
    (StageSpec(2, 10), StageSpec(2, 32, 2, "robust"), StageSpec(3, 24, 2), StageSpec(1, 40, 1, "robust")),
    activation="silu",
)


@settings(max_examples=60, deadline=None)
@given(SPECS)
def test_the_formulas_count_what_the_module_has_and_does(spec: ResidualSpec) -> None:
    module = build(spec)
    assert cost(spec) == Cost(count_parameters(module), count_macs(module, torch.zeros(1, *spec.input.shape)))


@settings(max_examples=30, deadline=None)
@given(SPECS)
def test_the_cost_of_a_stage_is_that_of_its_module(spec: ResidualSpec) -> None:
    network = build(spec)
    features = network.stem(torch.zeros(1, *spec.input.shape))
    for stage, found in zip(network.stages, stage_costs(spec), strict=True):
        assert found == Cost(count_parameters(stage), count_macs(stage, features))
        with torch.no_grad():
            features = stage(features)


@pytest.mark.parametrize(
    "spec",
    [MIXED, named_spec("wrn-16-2", DIGITS), named_spec("wrn-10-1", TINY_IMAGENET, 200)],
    ids=["mixed", "8", "64"],
)
def test_ptflops_counts_the_same_convolutions_and_linear_layers(spec: ResidualSpec) -> None:
    macs, parameters = get_model_complexity_info(
        build(spec),
        spec.input.shape,
        as_strings=False,
        print_per_layer_stat=False,
        ignore_modules=[nn.BatchNorm2d],
        # Leaves out what is no module: activations, pooling, sums and products.
        backend_specific_config={"count_functional": False},
    )
    assert parameters == cost(spec).parameters
    # ptflops counts the additions of the classifier's bias, one for each class.
    assert macs == cost(spec).macs + spec.classes


# Parameters in millions and MACs in giga, 10 classes, 3x32x32.
PUBLISHED = {
    "wrn-28-10": (36.48, 5.24),
    "wrn-34-10": (46.16, 6.66),
    "wrn-34-12": (66.46, 9.58),
    "wrn-46-14": (128.39, 18.59),
    "wrn-70-16": (266.80, 38.76),
    "robustresnet-a1": (19.22, 5.08),
    "robustresnet-a2": (39.03, 10.74),
    "robustresnet-a3": (75.86, 19.82),
    "robustresnet-a4": (147.26, 39.27),
    "wrn-34-r": (68.12, 19.13),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_costs_come_out(name: str) -> None:
    assert rounded(cost(named_spec(name))) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wrn-46-14", (128.56, 18.59)),
        ("wrn-70-16", (266.99, 38.76)),
        ("robustresnet-a3", (76.10, 19.82)),
        ("robustresnet-a4", (147.55, 39.27)),
    ],
)
def test_tiny_imagenet_stays_in_the_cost_class_of_cifar(name: str, expected: tuple[float, float]) -> None:
    assert rounded(cost(named_spec(name, TINY_IMAGENET, 200))) == expected


def test_robust_blocks_make_a_wide_resnet_dearer() -> None:
    basic = named_spec("wrn-28-10")
    robust = ResidualSpec(
        basic.input, basic.classes, tuple(StageSpec(s.depth, s.width, s.stride, "robust") for s in basic.stages)
    )
    assert round(cost(robust).parameters / 1e6, 2) == 39.59
    assert cost(robust).macs == pytest.approx(6.0e9, rel=0.005)


def test_the_embedded_teacher_costs_six_million_macs() -> None:
    assert cost(named_spec("wrn-16-2", DIGITS)).macs == 6_301_952


def rounded(found: Cost) -> tuple[float, float]:
    return round(found.parameters / 1e6, 2), round(found.macs / 1e9, 2)
