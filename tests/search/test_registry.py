import pytest

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import NamedMethod, make_searcher
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from tests.search.experience import small_knowledge
from tests.search.formula import Formula, make_problem, outcome_of

QUICK = RcnasSettings(pretraining_tasks=32, pretraining_steps=2)


def test_a_named_method_visits_what_its_searcher_proposes(problem, space):
    result = NamedMethod("random", evaluations=12, batch=4, seed=1).run(problem, Formula(), Silent())
    expected = RandomSearcher(space, problem.budget, 1).propose(12)
    assert [visit.proposal for visit in result.visits] == expected
    assert {visit.outcome.status for visit in result.visits} == {"trained"}


def test_it_tells_the_searcher_of_a_batch_before_it_asks_for_the_next(problem, space):
    knowledge, evaluator = small_knowledge(), Formula()
    found = NamedMethod("surrogate", 5, batch=2, seed=3, knowledge=knowledge).run(problem, evaluator, Silent())
    searcher = make_searcher("surrogate", problem, Given(space, 5, 3, knowledge=knowledge))
    expected = []
    for count in (2, 2, 1):
        batch = searcher.propose(count)
        for proposal in batch:
            searcher.observe(proposal, outcome_of(problem, proposal.spec))
        expected += batch
    assert [visit.proposal for visit in found.visits] == expected
    assert evaluator.batches == [2, 2, 1]


def test_its_agent_is_the_one_that_is_asked_for(problem):
    found = NamedMethod("r-nas", 4, seed=2, agent=QUICK).run(problem, Formula(), Silent())
    searcher = RcnasSearcher(problem, Actor.fresh(QUICK, 3, 2), 2, RewardSettings())
    for visit in found.visits:
        (proposal,) = searcher.propose(1)
        assert visit.proposal == proposal
        searcher.observe(proposal, outcome_of(problem, proposal.spec))


def test_a_named_method_refuses_a_budget_that_nothing_meets():
    with pytest.raises(InvalidInput, match="take a larger budget or a smaller teacher"):
        NamedMethod("random", 1).run(make_problem("digits/pgd-20/wrn-16-2/1k"), Formula(), Silent())
