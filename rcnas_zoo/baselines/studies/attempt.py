"""One process's work at one trial."""

import json
import time
from typing import Any

from rcnas_zoo.baselines.studies.adviser import Adviser
from rcnas_zoo.baselines.studies.book import Book, Claim
from rcnas_zoo.baselines.studies.records import FAILED, SCORED, STOPPED, TrialFailed, TrialRecord, TrialScore
from rcnas_zoo.baselines.studies.stopping import floors
from rcnas_zoo.baselines.studies.trial import TrialContext, TrialFunction
from rcnas_zoo.spec.canonical import canonical_json, check_number
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.observer import Observer


class Attempt:
    """A claimed trial from its first parameter to its record; what it learns is kept in the book at once."""

    def __init__(self, book: Book, claim: Claim) -> None:
        self._book = book
        self._claim = claim
        self._adviser = Adviser(book.plan, claim.number, claim.known)
        self._parameters: dict[str, Any] = {}
        self._reports: dict[int, float] = {}

    def run(self, function: TrialFunction, observer: Observer) -> TrialRecord:
        """Do the trial; see `rcnas_zoo.baselines.studies.work.work` for what may be raised."""
        limits = floors(self._book.plan.steps, [trial.intermediate_values for trial in self._claim.known])
        context = TrialContext(self._claim.number, limits, observer, self._suggest, self._report)
        started = time.perf_counter()
        try:
            end, score, why = SCORED, _checked(function(context)), ""
        except TrialFailed as error:
            end, score, why = FAILED, TrialScore(()), " ".join(str(error).split()) or "no reason given"
        seconds = time.perf_counter() - started
        if end == SCORED and context.why_stopped:
            end, why = STOPPED, context.why_stopped
        values = self._values(score) if end == SCORED else ()
        reports = dict(sorted(self._reports.items()))
        return TrialRecord(
            self._claim.number, end, self._parameters, values, reports, dict(score.payload), why, seconds
        )

    def keep(self, record: TrialRecord) -> None:
        """The trial has ended; nobody works at it again."""
        self._book.finish(self._claim, record, self._adviser.notes)

    def _suggest(self, how: str, name: str, *arguments: Any, first: Any = None, **options: Any) -> Any:
        # What an earlier attempt has fixed is drawn all the same, so that the next draws are those that followed it.
        try:
            drawn, distribution = self._adviser.suggest(how, name, *arguments, **options)
            if first is not None and self._claim.number == 0:
                drawn = _within(first, name, distribution)
            if name not in self._claim.parameters and name not in self._parameters:
                self._book.keep_parameter(self._claim, name, drawn, distribution)
        except ValueError as error:
            raise InvalidInput(
                f"a trial must ask for the parameter {name!r} as those before it did: {' '.join(str(error).split())}"
            ) from error
        return self._parameters.setdefault(name, self._claim.parameters.get(name, drawn))

    def _report(self, step: int, value: float) -> None:
        self._reports[step] = value
        self._book.keep_report(self._claim, step, value)

    def _values(self, score: TrialScore) -> tuple[float, ...]:
        directions = self._book.plan.directions
        if len(score.values) != len(directions):
            raise InvalidInput(f"a trial must answer with {len(directions)} values, got {shortened(score.values)}")
        return tuple(check_number("a value of a trial", value, float("-inf")) for value in score.values)


def _checked(answer: object) -> TrialScore:
    """The answer as it will be read back: its payload is plain JSON data."""
    if not isinstance(answer, TrialScore):
        raise InvalidInput(f"a trial function must answer with a TrialScore, got {shortened(answer)}")
    return TrialScore(tuple(answer.values), json.loads(canonical_json(dict(answer.payload))))


def _within(first: Any, name: str, distribution: Any) -> Any:
    """The value that trial 0 takes. Raises ValueError if the study could not have drawn it."""
    if not distribution.low <= first <= distribution.high:
        raise ValueError(f"the first {name} must lie in [{distribution.low}, {distribution.high}], got {first}")
    return first
