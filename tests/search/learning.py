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
def mean_best(method: str, seeds: int, queries: int = 30) -> float:
    """The mean, over the seeds from 0, of the best reward among so many queries."""
    problem = make_problem()
    space = ResidualSpace.of(problem.teacher.spec)
    total = 0.0
    for seed in range(seeds):
        searcher = make_searcher(method, problem, Given(space, queries, seed, knowledge=small_knowledge()))
        total += max(run_searcher(searcher, problem, Formula(), queries, 1, Silent()).rewards)
    return total / seeds
