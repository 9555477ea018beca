from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.search.pareto import pareto_front, trained, unbeaten
from rcnas_zoo.spec.search import Outcome, Proposal, SearchResult, Visit
from tests.search.formula import make_problem

SPEC = make_problem().teacher.spec
POINTS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.booleans()), max_size=12)


def result(points):
    visits = [
        Visit(Proposal(number, SPEC), Outcome(0.0, right / 6, macs, 100, "trained" if done else "failed"))
        for number, (macs, right, done) in enumerate(points)
    ]
    return SearchResult(tuple(visits), {})


def numbers(found):
    outcome = found.visit.outcome
    return outcome.macs, round(6 * outcome.accuracy)


@given(POINTS, POINTS)
def test_the_front_is_what_nobody_beats(one, other):
    searches = {"a": result(one), "b": result(other)}
    front = [numbers(found) for found in pareto_front(searches)]
    every = {(macs, right) for macs, right, done in one + other if done}
    unbeaten = [
        (macs, right)
        for macs, right in sorted(every)
        if not any((m <= macs and r >= right) and (m, r) != (macs, right) for m, r in every)
    ]
    assert front == unbeaten


def test_of_equals_the_first_visited_stands_for_all():
    (found,) = pareto_front({"a": result([(2, 3, True), (2, 3, True)]), "b": result([(2, 3, True)])})
    assert (found.method, found.visit.proposal.id) == ("a", 0)


def test_what_was_not_trained_to_the_end_is_not_on_it():
    stopped = result([(1, 6, False), (2, 3, True)])
    first = replace(stopped.visits[0], outcome=replace(stopped.visits[0].outcome, status="stopped"))
    searches = {"a": SearchResult((first, stopped.visits[1]), {})}
    assert [numbers(found) for found in pareto_front(searches)] == [(2, 3)]
    assert len(trained(searches)) == 1


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=15))
def test_three_numbers_each_count(points):
    kept = unbeaten(enumerate(points), lambda item: item[1])
    for number, (a, b, c) in enumerate(points):
        loses = any(p >= a and q >= b and r >= c and (p, q, r) != (a, b, c) for p, q, r in points)
        assert ((number, (a, b, c)) in kept) == (not loses and (a, b, c) not in points[:number])
    assert kept == sorted(kept)
