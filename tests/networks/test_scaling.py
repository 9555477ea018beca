from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.networks.wide import CIFAR, PerStage, wide_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec

from .specs import DIGITS, TINY_IMAGENET

SMALLEST = 547_504


def depths(spec: ResidualSpec) -> list[int]:
    return [stage.depth for stage in spec.stages]


def factors(spec: ResidualSpec) -> list[float]:
    return [stage.width / base for stage, base in zip(spec.stages, (16, 32, 64), strict=True)]


def of_own_cost(name: str) -> ResidualSpec:
    return robustresnet_spec(cost(named_spec(name)).macs)


@pytest.mark.parametrize("name", ["robustresnet-a1", "robustresnet-a2"])
def test_the_first_two_published_networks_come_out_of_their_own_cost(name: str) -> None:
    assert of_own_cost(name) == named_spec(name)


@pytest.mark.parametrize(
    ("name", "blocks", "widening", "share"),
    [("robustresnet-a3", [22, 22, 11], [8, 11, 4], 0.975), ("robustresnet-a4", [26, 26, 13], [11, 14, 5], 0.989)],
)
def test_the_last_two_come_out_nearly(name: str, blocks: list[int], widening: list[float], share: float) -> None:
    spec = of_own_cost(name)
    assert (depths(spec), factors(spec)) == (blocks, widening)
    assert cost(spec).macs / cost(named_spec(name)).macs == pytest.approx(share, abs=0.001)


@settings(deadline=None)
@given(st.integers(10**7, 10**11), st.sampled_from([DIGITS, CIFAR, TINY_IMAGENET]))
def test_no_network_exceeds_its_budget_or_breaks_the_rule(budget: int, image: InputSpec) -> None:
    spec = robustresnet_spec(budget, image)
    assert cost(spec).macs <= budget
    first, second, third = depths(spec)
    assert first == second
    assert abs(first - 2 * third) <= 2
    assert all(stage.width % 16 == 0 and stage.block == "robust" for stage in spec.stages)
    assert all(factor == int(factor) for factor in factors(spec) if factor > 1)


@pytest.mark.parametrize("image", [DIGITS, CIFAR, TINY_IMAGENET], ids=["digits", "cifar", "tiny-imagenet"])
def test_a_larger_budget_never_buys_a_smaller_network(image: InputSpec) -> None:
    bought = [
        cost(robustresnet_spec(budget, image)).macs for budget in (10**7, 3 * 10**7, 10**8, 10**9, 10**10, 10**12)
    ]
    assert all(smaller < larger for smaller, larger in pairwise(bought))


def test_a_network_is_what_its_own_cost_buys() -> None:
    spec = robustresnet_spec(20_000_000, DIGITS)
    assert robustresnet_spec(cost(spec).macs, DIGITS) == spec
    assert cost(robustresnet_spec(cost(spec).macs - 1, DIGITS)).macs < cost(spec).macs


def every_small_network() -> list[tuple[PerStage, PerStage]]:
    """Networks of the rule up to a total width of 5, found on a much finer grid, without any search."""
    shapes = set()
    for width in (hundredths / 100 for hundredths in range(1, 500)):
        for share in (0.676, 0.68, 0.69, 0.7, 0.71, 0.72, 0.724):
            blocks = [max(1, round(width * share / (1 - share) * part / 5)) for part in (2, 2, 1)]
            shapes.add((tuple(blocks), tuple(small_channels(width, part) for part in (0, 1, 2))))
    return sorted(shapes)


def small_channels(width: float, stage: int) -> int:
    base, factor = (16, 32, 64)[stage], width * (2, 2.5, 1)[stage] / 5.5
    return base * round(factor) if factor >= 1 else max(16, 16 * round(factor * base / 16))


@pytest.mark.parametrize("budget", [600_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000])
def test_nothing_larger_of_the_rule_fits(budget: int) -> None:
    macs = [cost(wide_spec(*shape, "robust", DIGITS, 10)).macs for shape in every_small_network()]
    assert min(macs) == SMALLEST
    assert cost(robustresnet_spec(budget, DIGITS)).macs == max(count for count in macs if count <= budget)


def test_a_tiny_budget_gets_fractional_widening_factors() -> None:
    spec = robustresnet_spec(2_000_000, DIGITS)
    assert (depths(spec), factors(spec)) == ([2, 2, 1], [1, 1, 0.5])


def test_the_smallest_network_fits_its_own_cost_only() -> None:
    spec = robustresnet_spec(SMALLEST, DIGITS)
    assert [(stage.depth, stage.width) for stage in spec.stages] == [(1, 16)] * 3
    with pytest.raises(
        InvalidInput, match=f"at least the {SMALLEST} MACs of the smallest RobustResNet, got {SMALLEST - 1}"
    ):
        robustresnet_spec(SMALLEST - 1, DIGITS)
