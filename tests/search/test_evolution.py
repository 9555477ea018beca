from dataclasses import replace

from rcnas_zoo.search.evolution import CONTESTANTS, POPULATION, EvolutionSearcher
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal
from tests.search.formula import outcome_of
from tests.search.learning import mean_best


def evolve(problem, space, queries: int, seed: int = 0) -> tuple[EvolutionSearcher, list[tuple[Proposal, Outcome]]]:
    searcher = EvolutionSearcher(space, problem.budget, seed)
    visits = []
    for _ in range(queries):
        [proposal] = searcher.propose(1)
        visits.append((proposal, outcome_of(problem, proposal.spec)))
        searcher.observe(*visits[-1])
    return searcher, visits


def changes(child: ResidualSpec, parent: ResidualSpec) -> int:
    """Properties in which two networks differ."""
    pairs = zip(child.stages, parent.stages, strict=True)
    return sum(
        getattr(one, name) != getattr(other, name)
        for one, other in pairs
        for name in ("depth", "width", "stride", "block")
    )


def test_a_full_population_of_random_networks_comes_first(problem, space):
    searcher = EvolutionSearcher(space, problem.budget, 0)
    first = searcher.propose(POPULATION)
    assert [one.spec for one in first] == [one.spec for one in RandomSearcher(space, problem.budget, 0).propose(8)]
    # Nothing is known of them yet, so the next one is random too.
    assert searcher.propose(1)[0].parent is None


def test_a_child_differs_in_little_from_a_parent_that_is_not_yet_dead(problem, space):
    _, visits = evolve(problem, space, 40)
    specs = [proposal.spec for proposal, _ in visits]
    single = 0
    for proposal, _ in visits[POPULATION:]:
        assert proposal.parent is not None
        assert proposal.id - POPULATION <= proposal.parent < proposal.id
        differences = changes(proposal.spec, specs[proposal.parent])
        assert 1 <= differences <= 4
        single += differences == 1
    # More only where the single change led to a network visited before, or where strides are one too many.
    assert single >= 20


def test_a_parent_beats_all_but_a_few_of_the_living(problem, space):
    _, visits = evolve(problem, space, 40)
    rewards = [outcome.reward for _, outcome in visits]
    for proposal, _ in visits[POPULATION:]:
        living = rewards[proposal.id - POPULATION : proposal.id]
        better = sum(reward > rewards[proposal.parent] for reward in living)
        assert better <= POPULATION - CONTESTANTS


def test_the_oldest_dies_however_good_it_was(problem, space):
    searcher = EvolutionSearcher(space, problem.budget, 0)
    first, *others = searcher.propose(POPULATION + 1)
    searcher.observe(first, replace(outcome_of(problem, first.spec), reward=100.0))
    for proposal in others:
        searcher.observe(proposal, outcome_of(problem, proposal.spec))
    assert first.id not in {proposal.parent for proposal in searcher.propose(20)}


def test_evolution_finds_more_than_chance():
    assert mean_best("evolution", 100) > mean_best("random", 100) + 0.005
