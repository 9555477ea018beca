import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.spec.errors import InvalidInput


def test_networks_are_within_the_budget_and_distinct(problem, space):
    proposals = RandomSearcher(space, problem.budget, 0).propose(60)
    assert all(cost(proposal.spec).macs <= problem.budget for proposal in proposals)
    assert len({proposal.spec.digest for proposal in proposals}) == 60
    assert [proposal.id for proposal in proposals] == list(range(60))


def test_the_same_seed_gives_the_same_networks_however_they_are_asked_for(problem, space):
    whole = RandomSearcher(space, problem.budget, 3).propose(8)
    searcher = RandomSearcher(space, problem.budget, 3)
    assert [*searcher.propose(5), *searcher.propose(3)] == whole
    assert RandomSearcher(space, problem.budget, 4).propose(8) != whole


def test_a_restored_searcher_goes_on_as_the_first_would(problem, space):
    first, second = RandomSearcher(space, problem.budget, 0), RandomSearcher(space, problem.budget, 9)
    first.propose(5)
    second.restore(first.state())
    assert first.propose(5) == second.propose(5)


def test_a_budget_that_only_the_smallest_network_meets_gives_that_network_again_and_again(space):
    budget = cost(space.smallest()).macs
    proposals = RandomSearcher(space, budget, 0).propose(2)
    assert [proposal.spec for proposal in proposals] == [space.smallest()] * 2


def test_a_budget_that_nothing_meets_is_refused(space):
    with pytest.raises(InvalidInput, match=r"a budget must be at least the 122\.61 K MACs"):
        RandomSearcher(space, 100_000, 0)
