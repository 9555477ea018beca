"""SIGTERM as an exception, so that runs are closed and files are tidied away as on Ctrl-C."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED_CODE = 128 + signal.SIGTERM
"""The exit code that a shell shows for a process that SIGTERM has ended."""


class Terminated(SystemExit):
    """This process was asked to end."""


@contextmanager
def heeding_sigterm() -> Iterator[None]:
    """SIGTERM raises Terminated within the block, once."""
    usual = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)


def _terminate(number: int, _: FrameType | None) -> None:
    # A second one, such as a launcher sends to the whole group, must not cut off the tidying up.
    signal.signal(number, signal.SIG_IGN)
    raise Terminated
