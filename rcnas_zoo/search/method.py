"""How a search is run: the contract of a method, of a black-box searcher, and the loop that drives the latter."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from torch import Tensor

from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem, SearchResult, Visit

if TYPE_CHECKING:
    from rcnas_zoo.candidates.evaluator import CandidateEvaluator


class SearchMethod(Protocol):
    """Anything that searches: gets the problem and the means to evaluate, and answers with what it visited."""

    def run(self, problem: SearchProblem, evaluator: "CandidateEvaluator", observer: Observer) -> SearchResult:
        """Search."""


class Searcher(Protocol):
    """A black-box method: `propose`, then `observe` the outcomes in any order, and again."""

    def propose(self, count: int) -> list[Proposal]:
        """The next ``count`` networks; a network seen before only if no other can be found."""

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """Take note of what came of a proposal."""

    def state(self) -> dict[str, Tensor]:
        """Everything that the searcher knows, as named tensors."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave, so that the search goes on as if it had never stopped."""


def run_searcher(
    searcher: Searcher,
    problem: SearchProblem,
    evaluator: "CandidateEvaluator",
    evaluations: int,
    batch: int,
    observer: Observer,
) -> SearchResult:
    """Visit networks until ``evaluations`` are done, ``batch`` at a time.

    The observer is told the reward of each visit and the best reward of a trained network so far.
    """
    visits: list[Visit] = []
    while len(visits) < evaluations:
        proposals = searcher.propose(min(batch, evaluations - len(visits)))
        outcomes = evaluator.evaluate(problem, proposals, observer)
        for proposal, outcome in zip(proposals, outcomes, strict=True):
            searcher.observe(proposal, outcome)
            visits.append(Visit(proposal, outcome))
            _report(visits, evaluations, observer)
    return SearchResult(tuple(visits), searcher.state())


def _report(visits: list[Visit], evaluations: int, observer: Observer) -> None:
    done, outcome = len(visits), visits[-1].outcome
    best = SearchResult(tuple(visits), {}).best
    observer.metric("reward", outcome.reward, done)
    note = f"reward {outcome.reward:.3f} ({outcome.status})"
    if best is not None:
        observer.metric("best_reward", best.outcome.reward, done)
        note += f", best {best.outcome.reward:.3f}"
    observer.progress("search", done, evaluations, note)
