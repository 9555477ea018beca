"""The search methods by name: equals behind one contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.search.evolution import EvolutionSearcher
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.listed import portfolio, scaling_rule
from rcnas_zoo.search.method import Searcher, run_searcher
from rcnas_zoo.search.optuna_search import nsga2, tpe, warm_tpe
from rcnas_zoo.search.random_search import RandomSearcher
from rcnas_zoo.search.rcnas.agent import RcnasSearcher
from rcnas_zoo.search.rcnas.searchers import cold_agent, printed_agent, warm_agent
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.surrogate.searcher import SurrogateSearcher
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import SearchProblem, SearchResult

if TYPE_CHECKING:
    from rcnas_zoo.candidates.evaluator import CandidateEvaluator

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

WARM = frozenset({"rc-nas", "rc-nas-paper", "surrogate", "tpe-warm", "portfolio"})
"""The methods that build on a meta-training; their makers raise `InvalidInput` where none is given."""


def make_searcher(name: str, problem: SearchProblem, given: Given) -> Searcher:
    """The searcher of a method.

    Raises:
        InvalidInput: an unknown name, a budget that no network of the space meets, or a method that needs what a
            meta-training left and is given none.
    """
    if name not in METHODS:
        raise unknown_choice("a search method", name, sorted(METHODS))
    return METHODS[name](problem, given)


@dataclass(frozen=True)
class NamedMethod:
    """A method of `METHODS` as a `SearchMethod`, on all compressions of the problem's teacher.

    Attributes:
        name: the method.
        evaluations: networks to visit.
        batch: networks evaluated at a time; a method that learns does so between batches. More than the ``steps`` of
            an agent means that its policy lags behind.
        seed: seed of every random choice.
        reward: how the evaluator makes its rewards.
        knowledge: what a meta-training left; the methods of `WARM` need it.
        agent: options of the methods that have an agent; None takes the method's own.
    """

    name: str
    evaluations: int
    batch: int = 1
    seed: int = 0
    reward: RewardSettings = field(default_factory=RewardSettings)
    knowledge: Knowledge | None = None
    agent: RcnasSettings | None = None

    def run(self, problem: SearchProblem, evaluator: "CandidateEvaluator", observer: Observer) -> SearchResult:
        """See `SearchMethod.run`. Raises as `make_searcher`.

        The observer is told how well the encoder of an agent serves, if it was pre-trained for this search.
        """
        searcher = self.searcher(problem)
        if isinstance(searcher, RcnasSearcher) and searcher.r_squared is not None:
            observer.metric("encoder_r_squared", searcher.r_squared, 0)
        return run_searcher(searcher, problem, evaluator, self.evaluations, self.batch, observer)

    def searcher(self, problem: SearchProblem) -> Searcher:
        """The searcher that `run` drives. Raises as `make_searcher`."""
        space = ResidualSpace.of(problem.teacher.spec)
        given = Given(space, self.evaluations, self.seed, self.reward, self.knowledge, self.agent)
        return make_searcher(self.name, problem, given)
