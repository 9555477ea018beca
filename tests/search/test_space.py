from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.oracles.table import stages_of
from rcnas_zoo.search.space import ResidualSpace, StageAction
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

KEEP = StageAction(1.0, 1.0, downsample=False, robust=False)
HALVE = replace(KEEP, downsample=True)
DIGITS = InputSpec((1, 8, 8))

ratios = st.floats(0, 1)
actions = st.builds(StageAction, ratios, ratios, st.booleans(), st.booleans())


def space_of(name: str, input: InputSpec = DIGITS) -> ResidualSpace:
    return ResidualSpace(named_spec(name, input, 10))


def every_spec(space: ResidualSpace) -> set[ResidualSpec]:
    """By brute force: all that a fine grid of actions decodes to."""
    grid = [index / 16 for index in range(1, 17)]
    stages = [
        {
            space.decode([replace(KEEP, width_ratio=width, depth_ratio=depth)] * 3)[0].stages[index]
            for width, depth in product(grid, grid)
        }
        for index in range(3)
    ]
    asked = [
        [
            [action.width_ratio, action.depth_ratio, down, robust]
            for action, down, robust in zip(space.asking_for(chosen), bits[:3], bits[3:], strict=True)
        ]
        for bits in product((False, True), repeat=6)
        for chosen in product(*stages)
    ]
    return set(space.decode_many(torch.tensor(asked, dtype=torch.float64)))


def test_ratios_of_one_and_the_teachers_bits_give_the_teacher():
    space = space_of("wrn-28-10", InputSpec((3, 32, 32)))
    assert space.decode([KEEP, HALVE, HALVE]) == (space.teacher, "")


def test_depth_is_rounded_and_at_least_one():
    space = space_of("wrn-28-10", InputSpec((3, 32, 32)))
    found, _ = space.decode([replace(KEEP, depth_ratio=ratio) for ratio in (0.0, 0.4, 0.7)])
    assert [stage.depth for stage in found.stages] == [1, 2, 3]


def test_widths_are_multiples_of_sixteen_between_sixteen_and_the_teachers():
    space = space_of("wrn-16-2")
    found, _ = space.decode([replace(KEEP, width_ratio=ratio) for ratio in (0.0, 0.6, 0.99)])
    assert [stage.width for stage in found.stages] == [16, 32, 128]


def test_a_teacher_whose_width_is_no_multiple_of_sixteen_is_not_exceeded():
    space = ResidualSpace(ResidualSpec(DIGITS, 10, (StageSpec(1, 40), StageSpec(1, 8))))
    found, _ = space.decode([KEEP, KEEP])
    assert [stage.width for stage in found.stages] == [32, 16]


def test_the_robust_bit_swaps_the_block_and_keeps_the_base_width():
    found, _ = space_of("wrn-16-2").decode([replace(KEEP, robust=True), KEEP, KEEP])
    assert [(stage.block, stage.width) for stage in found.stages] == [("robust", 32), ("basic", 64), ("basic", 128)]


def test_on_digits_a_third_down_sampling_is_ignored_and_noted():
    found, note = space_of("wrn-16-2").decode([HALVE, HALVE, HALVE])
    assert [stage.stride for stage in found.stages] == [2, 2, 1]
    assert note == "stage 3: down-sampling ignored, the last feature map must keep 2x2"


def test_on_cifar_every_pattern_of_strides_is_possible():
    space = space_of("wrn-28-10", InputSpec((3, 32, 32)))
    assert (space.smallest_map, space.downsamplings) == ((4, 4), 3)
    found, note = space.decode([HALVE, HALVE, HALVE])
    assert [stage.stride for stage in found.stages] == [2, 2, 2]
    assert note == ""


def test_the_stride_of_the_stem_counts_and_odd_sides_round_up():
    tiny = space_of("wrn-28-10", InputSpec((3, 64, 64)))
    assert (tiny.teacher.stem_stride, tiny.downsamplings) == (2, 3)
    fashion = space_of("wrn-16-2", InputSpec((1, 28, 28)))
    assert (fashion.smallest_map, fashion.downsamplings) == ((4, 4), 3)


def test_a_teacher_of_one_pixel_takes_any_strides():
    space = ResidualSpace(ResidualSpec(InputSpec((1, 1, 1)), 2, (StageSpec(1, 16), StageSpec(1, 16))))
    assert space.downsamplings == 2


@given(st.tuples(actions, actions, actions))
def test_every_decoded_network_is_smaller_than_the_teacher_stage_by_stage_and_encodes_to_itself(asked):
    space = space_of("wrn-16-2")
    found, note = space.decode(asked)
    for stage, whole in zip(found.stages, space.teacher.stages, strict=True):
        assert 16 <= stage.width <= whole.width
        assert stage.width % 16 == 0
        assert 1 <= stage.depth <= whole.depth
    strides = [stage.stride for stage in found.stages]
    assert strides.count(2) <= 2
    assert bool(note) == all(action.downsample for action in asked)
    assert space.decode(space.encode(found)) == (found, "")


def test_a_network_from_elsewhere_cannot_be_encoded():
    space = space_of("wrn-16-2")
    for stranger in (named_spec("wrn-16-4", DIGITS, 10), replace(space.teacher, stages=space.teacher.stages[:2])):
        with pytest.raises(InvalidInput, match="must be a compression of its teacher, got"):
            space.encode(stranger)


def test_sampling_is_uniform_over_distinct_networks():
    space = space_of("wrn-10-1")
    everything = every_spec(space)
    # widths 1, 2, 4; depth 1; two blocks a stage; 7 of the 8 stride patterns.
    assert len(everything) == (1 * 2 * 4) * 2**3 * 7
    generator = torch.Generator().manual_seed(0)
    draws = 20 * len(everything)
    counts = Counter(space.decode(space.sample(generator))[0] for _ in range(draws))
    assert set(counts) == everything
    chi_squared = sum((counts[spec] - 20) ** 2 / 20 for spec in everything)
    # 447 degrees of freedom: mean 447, standard deviation 30.
    assert 357 < chi_squared < 537


def test_the_smallest_network_is_the_cheapest_of_all():
    space = space_of("wrn-10-1")
    assert cost(space.smallest()).macs == min(cost(spec).macs for spec in every_spec(space))


def test_the_space_of_the_digits_teacher_is_rich_under_its_budget():
    space = space_of("wrn-16-2")
    affordable = [spec for spec in every_spec(space) if cost(spec).macs <= 2_000_000]
    assert len(affordable) >= 100
    for index in range(3):
        assert len({spec.stages[index].depth for spec in affordable}) >= 2
        assert len({spec.stages[index].width for spec in affordable}) >= 2


def test_a_budget_below_the_smallest_network_is_refused_with_its_cost():
    space = space_of("wrn-16-2")
    macs = cost(space.smallest()).macs
    assert space.require_budget(macs) == space.smallest()
    with pytest.raises(InvalidInput, match=rf"a budget must be at least the 122.61 K MACs \({macs}\) .*got 50.00 K"):
        space.require_budget(50_000)


def test_a_wrong_number_of_actions_is_refused():
    with pytest.raises(InvalidInput, match="a teacher of 3 stages takes one action for each, got 2"):
        space_of("wrn-16-2").decode([KEEP, KEEP])


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_a_ratio_outside_zero_to_one_is_refused(ratio):
    with pytest.raises(InvalidInput, match="the width ratio of an action must be a finite number in"):
        StageAction(ratio, 0.5, downsample=False, robust=False)


def test_a_teacher_of_another_kind_is_refused():
    class Other(NetworkSpec):
        kind = "cells"

        def body(self):
            return {}

        @classmethod
        def from_body(cls, input, classes, body):
            return cls()

    with pytest.raises(InvalidInput, match="must be of kind 'residual', got 'cells'"):
        ResidualSpace.of(Other())


def plainly(space: ResidualSpace, action: list[list[float]]) -> list[list[int]]:
    """Depth, width, stride and robust bit of each stage, by Python's own numbers."""
    left, stages = space.downsamplings, []
    for (width, depth, halve, robust), whole in zip(action, space.teacher.stages, strict=True):
        steps = min(max(1, whole.width // 16), max(1, round(width * whole.width / 16)))
        stride = 2 if halve and left > 0 else 1
        left -= int(halve)
        stages.append([max(1, round(depth * whole.depth)), 16 * steps, stride, int(robust)])
    return stages


@pytest.mark.parametrize("whole", [(4, 160), (7, 40), (1, 8)])
def test_actions_are_rounded_as_python_rounds_them_also_at_half_points(whole):
    depth, width = whole
    space = ResidualSpace(ResidualSpec(DIGITS, 10, (StageSpec(depth, width),) * 3))
    generator = torch.Generator().manual_seed(0)
    anywhere = torch.rand(5_000, 3, 4, generator=generator, dtype=torch.float64)
    halves = torch.randint(0, 2 * 160 // 16 + 1, (5_000, 3, 4), generator=generator) / 2
    half_points = (halves / torch.tensor([width / 16, depth, 1, 1], dtype=torch.float64)).clamp_max(1)
    actions = torch.cat([anywhere, half_points])
    actions[..., 2:] = (torch.rand(10_000, 3, 2, generator=generator) > 0.4).double()
    assert space.numbers(actions).tolist() == [plainly(space, action) for action in actions.tolist()]


def test_one_action_is_decoded_as_many_are(space):
    generator = torch.Generator().manual_seed(0)
    actions = torch.rand(60, 3, 4, generator=generator, dtype=torch.float64)
    actions[..., 2:] = (actions[..., 2:] > 0.4).double()
    many = space.decode_many(actions)
    assert [stages_of(numbers) for numbers in space.numbers(actions)] == [spec.stages for spec in many]
    for one, spec in zip(actions.tolist(), many, strict=True):
        asked = [StageAction(width, depth, bool(halve), bool(robust)) for width, depth, halve, robust in one]
        assert space.decode(asked)[0] == spec
