"""How much a method finds on a formula; to tell what learns from what does not."""

from functools import cache

from rcnas_zoo.search.given import Given
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.registry import make_searcher
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.observer import Silent
from tests.search.experience import small_knowledge
from tests.search.formula import Formula, make_problem


@cache
def _rewards(method: str, seed: int, task: str) -> list[float]:
    """The rewards of 30 queries in order."""
    problem = make_problem(task)
    given = Given(ResidualSpace.of(problem.teacher.spec), 30, seed, knowledge=small_knowledge())
    return run_searcher(make_searcher(method, problem, given), problem, Formula(), 30, 1, Silent()).rewards


def mean_best(method: str, seeds: int, task: str = "digits/pgd-20/wrn-16-2/2m") -> float:
    """The mean, over the seeds from 0, of the best reward among 30 queries."""
    return sum(max(_rewards(method, seed, task)) for seed in range(seeds)) / seeds


def late_reward(method: str, seeds: int, task: str) -> float:
    """The mean, over the seeds from 0, of the rewards of the last 14 of 30 queries."""
    return sum(sum(_rewards(method, seed, task)[16:]) / 14 for seed in range(seeds)) / seeds
