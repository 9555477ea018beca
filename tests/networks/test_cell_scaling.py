import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.networks.cell_names import scaled_spec
from rcnas_zoo.networks.cell_scaling import cell_network_for
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.networks.wide import CIFAR
from rcnas_zoo.spec.cells import CellSpec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec

from .specs import DIGITS, TINY_IMAGENET

FASHION = InputSpec((1, 28, 28))
GIGA = 10**9


def shape(spec: CellSpec) -> str:
    assert spec == scaled_spec(name_of(spec), (spec.layers - 2) // 3, spec.channels, spec.input, spec.classes)
    return f"{(spec.layers - 2) // 3}@{spec.channels}"


def name_of(spec: CellSpec) -> str:
    return next(name for name, found in GENOTYPES.items() if found.normal == spec.normal)


@pytest.mark.parametrize(
    ("genotype", "shapes"),
    [
        ("advrush", ["7@96", "10@112", "16@128", "22@156"]),
        ("racl", ["7@104", "10@124", "16@144", "22@172"]),
        ("robnet", ["10@64", "10@88", "10@128", "10@184"]),
    ],
)
def test_the_budgets_of_the_paper_give_its_depths_and_at_5_g_its_widths(genotype: str, shapes: list[str]) -> None:
    assert [shape(cell_network_for(genotype, budget * GIGA)) for budget in (5, 10, 20, 40)] == shapes


@pytest.mark.parametrize("genotype", GENOTYPES)
@pytest.mark.parametrize("budget", [5, 10, 20, 40])
def test_one_step_wider_would_exceed_a_budget_of_the_paper(genotype: str, budget: int) -> None:
    spec = cell_network_for(genotype, budget * GIGA)
    wider = scaled_spec(genotype, (spec.layers - 2) // 3, spec.channels + 4, CIFAR, 10)
    assert cost(spec).macs <= budget * GIGA < cost(wider).macs


@pytest.mark.parametrize(("name", "cells", "channels"), [("advrush", 10, 116), ("racl", 10, 128), ("advrush", 22, 160)])
def test_the_widths_nearest_to_the_printed_parameters_cost_a_little_more(name: str, cells: int, channels: int) -> None:
    budget = {10: 10 * GIGA, 22: 40 * GIGA}[cells]
    assert budget < cost(scaled_spec(name, cells, channels, CIFAR, 10)).macs < 1.02 * budget


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(GENOTYPES)), st.integers(400_000, 10**11), st.sampled_from([DIGITS, FASHION, CIFAR]))
def test_no_network_exceeds_its_budget(genotype: str, budget: int, image: InputSpec) -> None:
    try:
        spec = cell_network_for(genotype, budget, image)
    except InvalidInput:
        assert budget < cost(scaled_spec(genotype, 1, 4, image, 10)).macs
    else:
        assert cost(spec).macs <= budget
        assert spec.channels % 2 == 0
        assert (spec.input, spec.classes) == (image, 10)


@pytest.mark.parametrize("genotype", ["advrush", "lrnas", "robnet"])
@pytest.mark.parametrize(
    ("budget", "image"), [(500_000, DIGITS), (2_000_000, DIGITS), (20_000_000, FASHION)], ids=["500k", "2m", "20m"]
)
def test_nothing_larger_of_the_rule_fits_a_small_budget(genotype: str, budget: int, image: InputSpec) -> None:
    every = [
        cost(scaled_spec(genotype, cells, channels, image, 10)).macs
        for cells in range(1, 5)
        for channels in range(4 * cells, 15 * cells + 1)
        if channels % 2 == 0
    ]
    assert cost(cell_network_for(genotype, budget, image)).macs == max(macs for macs in every if macs <= budget)


def test_a_small_budget_is_used_well() -> None:
    used = {name: cost(cell_network_for(name, 2_000_000, DIGITS)).macs / 2e6 for name in GENOTYPES}
    assert all(0.75 < share <= 1 for share in used.values()), used


def test_tiny_imagenet_gets_the_networks_of_cifar() -> None:
    assert shape(cell_network_for("advrush", 5 * GIGA, TINY_IMAGENET, 200)) == "7@96"


def test_a_network_of_the_paper_needs_the_same_macs_for_each_position() -> None:
    small = cell_network_for("racl", 20 * GIGA * 64 // 1024, DIGITS)
    assert small.layers == 3 * 16 + 2


@pytest.mark.parametrize("genotype", ["advrush", "robnet"])
def test_the_smallest_network_fits_its_own_cost_only(genotype: str) -> None:
    smallest = cost(scaled_spec(genotype, 1, 4, DIGITS, 10)).macs
    assert shape(cell_network_for(genotype, smallest, DIGITS)) == "1@4"
    message = f"at least the {smallest} MACs of the smallest {genotype} network, got {smallest - 1}"
    with pytest.raises(InvalidInput, match=message):
        cell_network_for(genotype, smallest - 1, DIGITS)


def test_where_the_depth_of_the_paper_does_not_fit_a_smaller_one_is_taken() -> None:
    """One pixel and 100,000 classes: nearly all MACs are those of the classifier."""
    point = InputSpec((1, 1, 1))
    budget = cost(scaled_spec("racl", 1, 4, point, 100_000)).macs
    assert budget * 1024 > 5 * GIGA
    assert budget < cost(scaled_spec("racl", 7, 4, point, 100_000)).macs
    assert shape(cell_network_for("racl", budget, point, 100_000)) == "1@4"


def test_an_unknown_genotype_is_refused_with_its_neighbour() -> None:
    with pytest.raises(InvalidInput, match=r"a genotype must be one of .*, got 'advrus' .did you mean 'advrush'"):
        cell_network_for("advrus", GIGA)
