"""What came of the trials of a study: frozen plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rcnas_zoo.search.pareto import unbeaten
from rcnas_zoo.spec.errors import RcnasError

SCORED, STOPPED, FAILED = "scored", "stopped", "failed"
ENDS = (SCORED, STOPPED, FAILED)


class TrialFailed(RcnasError):
    """These settings come to nothing, for a reason that lies in them, such as a training that diverged.

    The trial counts and is not tried again. Of anything else that a trial raises nothing is kept.
    """


@dataclass(frozen=True)
class TrialScore:
    """What a trial function answers.

    Attributes:
        values: a finite number for each direction of the study; not looked at if the trial was told to stop.
        payload: what else is to be kept, plain finite JSON data.
    """

    values: tuple[float, ...]
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialRecord:
    """A trial that has ended.

    Attributes:
        number: from 0.
        end: ``scored``, ``stopped`` (hopeless, before its end) or ``failed``.
        parameters: name to value, of those that were asked for.
        values: a number for each direction; empty unless scored.
        reports: step to the robust accuracy that was reported there.
        payload: what the trial function wants kept; empty if it failed.
        why: in one line, why it was stopped or failed; else empty.
        seconds: of computing, in the process that ended it.
    """

    number: int
    end: str
    parameters: Mapping[str, Any]
    values: tuple[float, ...]
    reports: Mapping[int, float]
    payload: Mapping[str, Any]
    why: str
    seconds: float = field(compare=False)


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        name: the study's.
        digest: of what decides it.
        directions: ``maximize`` or ``minimize`` for each value.
        trials: in their order.
    """

    name: str
    digest: str
    directions: tuple[str, ...]
    trials: tuple[TrialRecord, ...]

    @property
    def best(self) -> TrialRecord | None:
        """The trial with the best first value, of equals the earliest; None if none was scored."""
        return max(self.scored, key=lambda trial: self.worth(trial)[0], default=None)

    @property
    def front(self) -> tuple[TrialRecord, ...]:
        """The scored trials that no other beats in a value without losing in another, in their order.

        Of several with the same values the earliest stands for all.
        """
        return tuple(unbeaten(self.scored, self.worth))

    @property
    def scored(self) -> tuple[TrialRecord, ...]:
        """The trials that came to values."""
        return tuple(trial for trial in self.trials if trial.end == SCORED)

    def worth(self, trial: TrialRecord) -> tuple[float, ...]:
        """The values of a trial, turned so that more is better."""
        pairs = zip(trial.values, self.directions, strict=True)
        return tuple(value if direction == "maximize" else -value for value, direction in pairs)
