"""A slice: a piece of work that ends itself, in good order, before somebody else ends it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STARTED = time.monotonic()
"""When this process began to work; a slice counts from here, so that loading torch is part of it."""


class TimeUp(SystemExit):
    """The slice is over, or SIGTERM came; a training has kept where it stands."""


def spent() -> float:
    """Seconds that this process has worked."""
    return time.monotonic() - STARTED


def left(minutes: float) -> float:
    """Seconds that are left of a slice of so many minutes; 0 or less once it is over."""
    return 60 * minutes - spent()


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Within: SIGTERM raises `TimeUp`, and comes by itself after so many seconds.

    The engine's own rule for signals holds: an update that has begun is ended and kept first.
    """
    usual = {number: signal.signal(number, action) for number, action in _ACTIONS.items()}
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, action in usual.items():
            signal.signal(number, action)


def _time_up(number: int, _: FrameType | None) -> None:
    # A second one must not cut off the keeping.
    signal.signal(number, signal.SIG_IGN)
    raise TimeUp


def _end_myself(number: int, _: FrameType | None) -> None:
    # By way of SIGTERM, which waits where work must not be cut in the middle.
    signal.raise_signal(signal.SIGTERM)


_ACTIONS = {signal.SIGTERM: _time_up, signal.SIGALRM: _end_myself}
