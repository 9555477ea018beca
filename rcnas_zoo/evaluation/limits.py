"""When an evaluation may stop before every image was attacked by everything."""

from dataclasses import dataclass
from time import monotonic

from rcnas_zoo.spec.canonical import check_number
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True)
class Limits:
    """How long an evaluation may take, and how exact it must be.

    Attributes:
        seconds: after so long no further batch is begun; None for no limit. Clean accuracy is always measured.
        tolerance: the dearest attack is run on a growing random sample of the images that withstand the others, until
            half the width of the interval of the robust accuracy is at most this; in (0, 1), None for all images.

    Raises:
        InvalidInput: a number outside its range.
    """

    seconds: float | None = None
    tolerance: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and check_number("the time limit in seconds", self.seconds, 0) == 0:
            raise InvalidInput("the time limit must be above 0 seconds, got 0; leave it out for none")
        if self.tolerance is not None and not 0 < check_number("the tolerance", self.tolerance, 0, 1) < 1:
            raise InvalidInput(f"the tolerance must be inside (0, 1), got {self.tolerance:g}; 0.015 is usual")

    @property
    def any(self) -> bool:
        """Whether there is a limit."""
        return self.seconds is not None or self.tolerance is not None


UNLIMITED = Limits()


class Clock:
    """The time of an evaluation, from its making on."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else monotonic() + seconds

    @property
    def is_up(self) -> bool:
        """Whether the time is over."""
        return self._end is not None and monotonic() >= self._end
