"""What a trial function is given: its settings, its limits, and whom to tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rcnas_zoo.baselines.studies.records import TrialScore
from rcnas_zoo.spec.canonical import check_integer, check_number
from rcnas_zoo.spec.observer import Observer

Choice = TypeVar("Choice", None, bool, int, float, str)

Suggest = Callable[..., Any]
"""(``float``, ``int`` or ``categorical``, name, and what Optuna's method of that name takes) to a value."""


class TrialContext:
    """One trial under way.

    Attributes:
        number: the trial's, from 0.
        floors: step to the robust accuracy on the evaluation split below which the trial is hopeless; what
            `training.loop.train` takes. 0, which stops none, as long as too few trials are known; empty if the
            study stops none.
        observer: whom the work tells of itself.
        why_stopped: in one line, once a report has fallen below its floor; else empty.
    """

    def __init__(
        self,
        number: int,
        floors: Mapping[int, float],
        observer: Observer,
        suggest: Suggest,
        keep: Callable[[int, float], None],
    ) -> None:
        self.number = number
        self.floors = dict(floors)
        self.observer = observer
        self.why_stopped = ""
        self._suggest = suggest
        self._keep = keep

    def suggest_float(
        self,
        name: str,
        low: float,
        high: float,
        *,
        step: float | None = None,
        log: bool = False,
        first: float | None = None,
    ) -> float:
        """A number in [low, high]; on a grid from ``low`` on, or drawn from the logarithms.

        With ``first``, trial 0 takes that: what the method does where nobody tunes it.
        """
        return float(self._suggest("float", name, low, high, step=step, log=log, first=first))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False, first: int | None = None
    ) -> int:
        """A whole number in [low, high]; of trial 0 ``first``, if that is given."""
        return int(self._suggest("int", name, low, high, step=step, log=log, first=first))

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Choice:
        """One of some plain values."""
        value: Choice = self._suggest("categorical", name, list(choices))
        return value

    def report(self, step: int, value: float) -> bool:
        """Keep the robust accuracy (in [0, 1]) after a step, such as an epoch; whether the trial is to stop.

        Once it is to stop it stays so; what the trial function then returns is kept but for its values.

        Raises:
            InvalidInput: the step is no whole number from 0 on, or the value lies outside [0, 1].
        """
        step, value = check_integer("a step", step, 0), check_number("a reported value", value, 0, 1)
        self._keep(step, value)
        floor = self.floors.get(step)
        if floor is not None and value < floor and not self.why_stopped:
            self.why_stopped = f"{value:.4f} after step {step}, below {floor:.4f}, the median of the trials known"
        return bool(self.why_stopped)


TrialFunction = Callable[[TrialContext], TrialScore]
"""What a trial does. Raises `TrialFailed` if its settings come to nothing; whatever else it raises ends the worker."""
