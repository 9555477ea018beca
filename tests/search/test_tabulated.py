from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.space import ResidualSpace, StageAction
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import StageSpec
from tests.oracles.tables import distinct_specs, formula_table

TABLE = formula_table(rows=20)
SPACE = TabulatedSpace.on(TABLE)
ratios = st.floats(0, 1)
actions = st.builds(StageAction, ratios, ratios, st.booleans(), st.booleans())


@given(st.tuples(actions, actions, actions))
def test_an_action_means_the_row_nearest_to_what_it_makes_of_the_grid(asked):
    whole, note = ResidualSpace(TABLE.grid).decode(asked)
    assert SPACE.decode(asked) == (TABLE.specs[TABLE.row_of(whole)], note)


def test_many_actions_mean_what_each_means_alone():
    generator = torch.Generator().manual_seed(0)
    asked = [ResidualSpace(TABLE.grid).sample(generator) for _ in range(30)]
    rows = [[[one.width_ratio, one.depth_ratio, one.downsample, one.robust] for one in stages] for stages in asked]
    assert SPACE.decode_many(torch.tensor(rows, dtype=torch.float64)) == [SPACE.decode(one)[0] for one in asked]


def test_every_row_is_said_by_its_own_action():
    for spec in TABLE.specs:
        assert SPACE.decode(SPACE.encode(spec))[0] == spec
    stranger = next(spec for spec in distinct_specs(40, seed=3) if spec not in TABLE.specs)
    with pytest.raises(InvalidInput, match="a network of this space must be"):
        SPACE.encode(stranger)


def test_each_row_is_drawn_as_often_as_any_other():
    generator = torch.Generator().manual_seed(0)
    counts = Counter(SPACE.draw(generator) for _ in range(2000))
    assert set(counts) == set(TABLE.specs)
    # 100 each, standard deviation 10.
    assert all(60 < count < 140 for count in counts.values())
    assert SPACE.decode(SPACE.sample(generator))[0] in TABLE.specs


def test_the_smallest_row_is_the_cheapest():
    macs = [cost(spec).macs for spec in TABLE.specs]
    assert cost(SPACE.smallest()).macs == min(macs)
    assert SPACE.require_budget(min(macs)) == SPACE.smallest()
    with pytest.raises(InvalidInput, match="of the smallest network of the space"):
        SPACE.require_budget(min(macs) - 1)


def test_stages_from_elsewhere_get_the_nearest_row():
    huge = tuple(StageSpec(stage.depth, 4 * stage.width, stage.stride, stage.block) for stage in TABLE.specs[7].stages)
    wanted = replace(TABLE.grid, stages=huge)
    assert SPACE.fit(huge) == TABLE.specs[TABLE.row_of(wanted)]
    assert all(SPACE.fit(spec.stages) == spec for spec in TABLE.specs)


def test_stages_of_another_number_are_refused():
    with pytest.raises(InvalidInput, match="must have 3 stages to fit here, got 2"):
        SPACE.fit(TABLE.specs[0].stages[:2])
