import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.oracles.landscape import Landscape
from rcnas_zoo.oracles.metrics import Run, queries_to, regret_curve, run_of
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.spec.search import Outcome, Visit
from tests.oracles.tables import spec_of

FOUND = Landscape(100, best=1.0, high=0.9, median=0.5, worst=-0.5, near=0.1, smallest=1.0, largest=1.0)
REWARDS = st.lists(st.one_of(st.none(), st.floats(-0.5, 1.0)), min_size=1, max_size=12)


def visits(rewards):
    ledger, made = Ledger(), []
    for value in rewards:
        status, reward = ("over-budget", -1.0) if value is None else ("trained", value)
        made.append(Visit(ledger.add(spec_of("wrn-10-1")), Outcome(reward, 0.0, 10, 10, status)))
    return made


def test_numbers_worked_out_by_hand():
    assert regret_curve([0.5, 0.25, 0.75, 0.75, 1.0], FOUND) == pytest.approx([1.0, 1.0, 0.5, 0.5, 0.0])
    assert queries_to([0.5, 0.25, 0.9, 1.0], 0.9) == 3


def test_before_anything_within_the_budget_the_incumbent_is_the_worst():
    assert regret_curve([None, None, 0.5], FOUND) == pytest.approx([3.0, 3.0, 1.0])


def test_a_search_that_never_gets_there_counts_one_more_than_its_queries():
    assert queries_to([0.1, None, 0.2], 0.9) == 4


def test_a_network_visited_again_is_a_query():
    assert run_of(visits([0.5, 0.5, 0.5, 0.9]), FOUND) == Run(pytest.approx((1.0, 1.0, 1.0, 0.2)), 4)


def test_what_is_over_the_budget_is_never_the_incumbent():
    assert run_of(visits([None, 0.75]), FOUND).regrets == pytest.approx((3.0, 0.5))


@given(REWARDS)
def test_a_plain_loop_finds_the_same(rewards):
    curve, incumbent, first = [], -0.5, len(rewards) + 1
    for number, reward in enumerate(rewards, start=1):
        if reward is not None and reward > incumbent:
            incumbent = reward
        if first > len(rewards) and reward is not None and reward >= 0.9:
            first = number
        curve.append((1.0 - incumbent) / 0.5)
    assert run_of(visits(rewards), FOUND) == Run(pytest.approx(tuple(curve)), first)
