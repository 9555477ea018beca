"""How long a search itself thinks, told from what its networks' trainings and attacks take."""

from collections.abc import Sequence
from time import perf_counter

from rcnas_zoo.candidates.evaluator import CandidateEvaluator
from rcnas_zoo.search.method import SearchMethod
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem, SearchResult


class Timed:
    """An evaluator that keeps account of the seconds spent in it.

    A search whose outcomes all come from the cache thinks as long as one whose networks are trained, for thinking is
    never cached.
    """

    def __init__(self, evaluator: CandidateEvaluator) -> None:
        self._evaluator = evaluator
        self._inside = 0.0

    def search(self, method: SearchMethod, problem: SearchProblem, observer: Observer) -> tuple[SearchResult, float]:
        """What a method finds with this evaluator, and the seconds that it spent outside of it."""
        start, before = perf_counter(), self._inside
        result = method.run(problem, self, observer)
        return result, max(0.0, perf_counter() - start - (self._inside - before))

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`."""
        start = perf_counter()
        outcomes = self._evaluator.evaluate(problem, proposals, observer)
        self._inside += perf_counter() - start
        return outcomes
