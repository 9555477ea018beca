"""Work that an interrupt must not cut in the middle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def undivided() -> Iterator[None]:
    """Within, SIGINT and SIGTERM wait for the end of the block; a second one of a kind does not wait.

    Only the main thread hears signals; in another one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[tuple[int, FrameType | None]] = []
    usual: dict[int, Any] = {}

    def wait(number: int, frame: FrameType | None) -> None:
        signal.signal(number, usual[number])
        waiting.append((number, frame))

    # A handler that is None was not made by Python and cannot be set again.
    usual.update({number: handler for number in _ENDING if (handler := signal.getsignal(number)) is not None})
    for number in usual:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
    for number, _ in waiting:
        signal.raise_signal(number)
