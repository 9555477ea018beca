"""A candidate evaluator that keeps every visited network as a child run."""

from collections.abc import Sequence
from dataclasses import asdict

from rcnas_zoo.candidates.evaluator import CandidateEvaluator
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem
from rcnas_zoo.tracking.runs import TrackedRun


class TrackedEvaluator:
    """Passes proposals on and logs each outcome under the parent run, once, also across a resumed run.

    Args:
        inner: what evaluates.
        run: the parent run.
        method: name of the search; part of the child runs' keys.
    """

    def __init__(self, inner: CandidateEvaluator, run: TrackedRun, method: str) -> None:
        self._inner = inner
        self._run = run
        self._method = method
        self._logged = set(run.finished_children())
        self._best = float("-inf")

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`."""
        outcomes = self._inner.evaluate(problem, proposals, observer)
        for proposal, outcome in zip(proposals, outcomes, strict=True):
            self._best = max(self._best, outcome.reward)
            if self._key(proposal) not in self._logged:
                self._log(proposal, outcome)
        return outcomes

    def _key(self, proposal: Proposal) -> str:
        return f"{self._method}/{proposal.id:03}"

    def _log(self, proposal: Proposal, outcome: Outcome) -> None:
        series = {f"{self._method}.reward": outcome.reward, f"{self._method}.best_reward": self._best}
        self._run.metrics(series, proposal.id)
        with self._run.child(self._key(proposal)) as child:
            child.parameters({"digest": proposal.spec.digest, "status": outcome.status, "note": proposal.note})
            child.metrics(_numbers(outcome), 0)
            for step, metrics in enumerate(outcome.curve, start=1):
                child.metrics(metrics, step)
            child.artifact("spec.json", proposal.spec.to_json())
            child.artifact("outcome.json", canonical_json(asdict(outcome)))


def _numbers(outcome: Outcome) -> dict[str, float]:
    """By names that do not clash with those of the curve, which has a clean accuracy of its own."""
    names = ("reward", "accuracy", "margin", "macs", "parameters", "seconds")
    values = {name: float(getattr(outcome, name)) for name in names}
    return {**values, "candidate_clean_accuracy": outcome.clean_accuracy}
