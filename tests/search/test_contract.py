"""What every method owes, whatever it does to find networks."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.method import Searcher
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import METHODS, WARM, make_searcher
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_table
from tests.search.experience import small_knowledge
from tests.search.formula import make_problem, outcome_of

QUERIES = 14
QUICK = RcnasSettings(pretraining_tasks=32, pretraining_steps=2)
# Draws nothing: its proposals are the same whatever the seed, until they run out.
REPLAYED = {"portfolio", "robustresnet"}
# Ranks more draws than the table has rows, so what it draws hardly matters there.
RANKED = {"rc-nas", "surrogate"}
# As printed: whatever the policy draws, also again.
REPEATING = {"rc-nas-paper"}

Case = tuple[SearchProblem, ResidualSpace, Callable[[Proposal], Outcome]]


def free_space() -> Case:
    """All compressions of a teacher; accuracy is a formula."""
    problem = make_problem()
    return problem, ResidualSpace.of(problem.teacher.spec), lambda proposal: outcome_of(problem, proposal.spec)


def table_space() -> Case:
    """The 60 networks of a table, of which about two thirds are within the budget."""
    table = formula_table(rows=60)
    problem = problem_on(table, Task.parse("digits/pgd-20/wrn-16-2/4m"), ThreatModel.parse("linf@1/5"))
    evaluator = ReplayEvaluator(table)
    return problem, TabulatedSpace.on(table), lambda one: evaluator.evaluate(problem, [one], Silent())[0]


@pytest.fixture(params=[free_space, table_space], ids=["space", "table"], scope="module")
def case(request) -> Case:
    return request.param()


@pytest.fixture(params=sorted(METHODS))
def method(request) -> str:
    return request.param


def make(method: str, case: Case, seed: int = 0) -> Searcher:
    problem, space, _ = case
    return make_searcher(method, problem, Given(space, QUERIES, seed, knowledge=small_knowledge()))


def go_on(searcher: Searcher, case: Case, queries: int) -> list[Proposal]:
    """Ask for one network after the other and tell what came of it."""
    asked = []
    for _ in range(queries):
        [proposal] = searcher.propose(1)
        searcher.observe(proposal, case[2](proposal))
        asked.append(proposal)
    return asked


def specs(proposals: list[Proposal]) -> list[str]:
    return [proposal.spec.digest for proposal in proposals]


def test_networks_are_affordable_new_and_of_the_space_and_numbered_from_zero(method, case):
    problem, space, _ = case
    found = go_on(make(method, case), case, QUERIES)
    assert [proposal.id for proposal in found] == list(range(QUERIES))
    assert all(cost(proposal.spec).macs <= problem.budget for proposal in found)
    assert method in REPEATING or len(set(specs(found))) == QUERIES
    for proposal in found:
        assert space.decode(space.encode(proposal.spec))[0] == proposal.spec
        assert proposal.parent is None or 0 <= proposal.parent < proposal.id


def test_the_same_seed_gives_the_same_search_and_another_another(method, case):
    found = go_on(make(method, case), case, QUERIES)
    assert go_on(make(method, case), case, QUERIES) == found
    ranks_all = method in RANKED and isinstance(case[1], TabulatedSpace)
    if method not in REPLAYED and not ranks_all:
        assert specs(go_on(make(method, case, seed=1), case, QUERIES)) != specs(found)


def test_a_restored_searcher_goes_on_exactly(method, case):
    first, second = make(method, case), make(method, case, seed=1)
    go_on(first, case, 10)
    open_one, last = first.propose(2)
    first.observe(last, case[2](last))
    state = first.state()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    second.restore(load(save({name: value.contiguous() for name, value in state.items()})))
    for searcher in (first, second):
        searcher.observe(open_one, case[2](open_one))
    assert go_on(first, case, 6) == go_on(second, case, 6)


def test_outcomes_may_come_in_any_order(method, case):
    searcher = make(method, case)
    found = []
    for _ in range(3):
        proposals = searcher.propose(5)
        for proposal in reversed(proposals):
            searcher.observe(proposal, case[2](proposal))
        found += proposals
    assert [proposal.id for proposal in found] == list(range(15))
    assert method in REPEATING or len(set(specs(found))) == 15


def test_a_network_that_failed_is_an_outcome_too(method, case):
    searcher = make(method, case)
    for _ in range(9):
        [proposal] = searcher.propose(1)
        searcher.observe(proposal, replace(case[2](proposal), reward=-1.0, accuracy=0.0, status="failed"))
    assert len(searcher.propose(2)) == 2


def test_a_space_with_fewer_networks_than_asked_for_does_not_hang(method):
    table = formula_table(rows=6)
    problem = problem_on(table, Task.parse("digits/pgd-20/wrn-16-2/50m"), ThreatModel.parse("linf@1/5"))
    evaluator = ReplayEvaluator(table)
    small = (problem, TabulatedSpace.on(table), lambda one: evaluator.evaluate(problem, [one], Silent())[0])
    found = go_on(make(method, small), small, 9)
    assert set(specs(found)) <= {spec.digest for spec in table.specs}
    # The agent stops looking for a new network after a few draws.
    assert method in {"r-nas", "rc-nas", "rc-nas-paper"} or len(set(specs(found[:6]))) == 6


def test_a_budget_that_nothing_meets_is_refused(method, case):
    problem, space, _ = case
    tight = replace(problem, task=replace(problem.task, budget=Budget(1000)))
    with pytest.raises(InvalidInput, match=r"a budget must be at least the .* of the smallest network of the space"):
        make(method, (tight, space, case[2]))


def test_the_warm_methods_and_no_others_name_themselves_when_there_is_no_meta_training(method, problem, space):
    if method not in WARM:
        assert make_searcher(method, problem, Given(space, QUERIES, agent=QUICK)).propose(1)
        return
    with pytest.raises(InvalidInput, match=rf"the method {method} must (start from|have) a policy"):
        make_searcher(method, problem, Given(space, QUERIES))


def test_an_unknown_method_is_refused_with_the_nearest_name(problem, space):
    with pytest.raises(InvalidInput, match=r"a search method must be one of .*'evolutoin'.*did you mean 'evolution'"):
        make_searcher("evolutoin", problem, Given(space, QUERIES))
