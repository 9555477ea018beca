import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem, SearchResult, TeacherFacts, Visit
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

from .refusals import refusal


def spec(width=4):
    return ResidualSpec(InputSpec((1, 8, 8)), 10, (StageSpec(1, width),))


def visit(id, reward, status="trained", width=4):
    return Visit(Proposal(id, spec(width)), Outcome(reward, 0.5, 1000, 100, status))


def result(*visits):
    return SearchResult(visits, state={})


def test_the_best_visit_is_the_trained_one_with_the_highest_reward():
    found = result(visit(0, 0.2), visit(1, 0.9, "over-budget"), visit(2, 0.4), visit(3, 0.8, "failed"))
    assert found.best is found.visits[2]


def test_the_first_of_equal_visits_is_the_best():
    found = result(visit(0, 0.1), visit(1, 0.4), visit(2, 0.4))
    assert found.best is found.visits[1]


@pytest.mark.parametrize("visits", [(), (visit(0, 0.9, "over-budget"), visit(1, 0.8, "failed"))])
def test_a_search_that_trained_nothing_has_no_best_visit(visits):
    assert result(*visits).best is None


def test_distinct_specs_are_counted_once():
    assert result(visit(0, 0.1), visit(1, 0.2), visit(2, 0.3, width=5)).distinct == 2


@given(st.lists(st.floats(-1e9, 1e9)))
def test_rewards_stand_in_the_order_of_the_visits(rewards):
    assert result(*(visit(id, reward) for id, reward in enumerate(rewards))).rewards == rewards


def test_the_budget_of_a_problem_is_that_of_its_task():
    teacher = TeacherFacts(spec(), 100, 1000, 0.5, (0.0,))
    task = Task.parse("digits/pgd-20/wrn-16-2/2m")
    assert SearchProblem(task, ThreatModel.parse("1/5"), teacher, 64).budget == 2_000_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reward": float("nan")}, "a reward must be a finite number"),
        ({"reward": float("inf")}, "a reward must be a finite number"),
        ({"accuracy": 1.1}, "an accuracy must be a finite number in [0, 1], got 1.1"),
        ({"clean_accuracy": -0.1}, "an accuracy must be a finite number in [0, 1], got -0.1"),
        ({"macs": 0}, "the MACs of an outcome must be at least 1, got 0"),
        ({"parameters": 1.5}, "the parameters of an outcome must be a whole number, got 1.5"),
        ({"status": "over_budget"}, "the status of an outcome must be one of trained, over-budget, stopped, failed"),
    ],
)
def test_an_outcome_outside_its_range_is_refused(fields, message):
    valid = {"reward": 0.5, "accuracy": 0.5, "macs": 1000, "parameters": 100, "status": "trained"}
    assert refusal(Outcome, **{**valid, **fields}).startswith(message)
