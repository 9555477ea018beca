import json

from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.spec.canonical import canonical_json

seconds = st.floats(0, 1e9)
costs = st.builds(SearchCost, st.integers(0, 10**6), seconds, seconds)


@given(costs)
def test_it_comes_back_from_a_file_as_it_was(cost):
    assert SearchCost.from_dict(json.loads(canonical_json(cost.to_dict()))) == cost


@given(costs, costs)
def test_costs_add_up_part_by_part(one, other):
    total = one + other
    assert (total.visits, total.visiting, total.thinking) == (
        one.visits + other.visits,
        one.visiting + other.visiting,
        one.thinking + other.thinking,
    )
    assert total.seconds == total.visiting + total.thinking
    assert one + SearchCost() == one
