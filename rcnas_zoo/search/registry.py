"""The search methods by name: equals behind one contract."""

from collections.abc import Callable, Mapping

from rcnas_zoo.search.evolution import EvolutionSearcher
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.listed import portfolio, scaling_rule
from rcnas_zoo.search.method import Searcher
from rcnas_zoo.search.optuna_search import nsga2, tpe, warm_tpe
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.search.rcnas.searchers import cold_agent, printed_agent, warm_agent
from rcnas_zoo.search.surrogate.searcher import SurrogateSearcher
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.search import SearchProblem

Maker = Callable[[SearchProblem, Given], Searcher]


def _random(problem: SearchProblem, given: Given) -> Searcher:
    return RandomSearcher(given.space, problem.budget, given.seed)


def _evolution(problem: SearchProblem, given: Given) -> Searcher:
    return EvolutionSearcher(given.space, problem.budget, given.seed)


METHODS: Mapping[str, Maker] = {
    "r-nas": cold_agent,
    "random": _random,
    "rc-nas": warm_agent,
    "rc-nas-paper": printed_agent,
    "surrogate": SurrogateSearcher,
    "evolution": _evolution,
    "tpe": tpe,
    "tpe-warm": warm_tpe,
    "nsga2": nsga2,
    "portfolio": portfolio,
    "robustresnet": scaling_rule,
}
"""Name to maker. Every maker raises `InvalidInput` where no network of the space meets the budget."""


def make_searcher(name: str, problem: SearchProblem, given: Given) -> Searcher:
    """The searcher of a method.

    Raises:
        InvalidInput: an unknown name, a budget that no network of the space meets, or a method that needs what a
            meta-training left and is given none.
    """
    if name not in METHODS:
        raise unknown_choice("a search method", name, sorted(METHODS))
    return METHODS[name](problem, given)
