"""What a job tells whoever watches, from a worker process to the one that started it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rcnas_zoo.spec.observer import Observer

PAUSE_SECONDS = 0.25
"""Time between two reports of progress of the same work."""


class Told(NamedTuple):
    """One call of a method of `Observer`; travels between processes."""

    method: str
    arguments: tuple[Any, ...]

    def to(self, observer: Observer) -> None:
        """Makes the call on another observer."""
        getattr(observer, self.method)(*self.arguments)


class Reporter:
    """The observer that a job is given: sends every call on, but of progress only a few calls a second.

    The first and the last step of each piece of work are always sent.

    Args:
        send: takes each call; in a worker process, it writes to the line to the parent.
    """

    def __init__(self, send: Callable[[Told], None]) -> None:
        self._send = send
        self._sent: dict[str, float] = {}

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        self._send(Told("epoch", (number, total, dict(metrics))))

    def metric(self, name: str, value: float, step: int) -> None:
        """See `Observer.metric`."""
        self._send(Told("metric", (name, value, step)))

    def artifact(self, name: str, content: str | bytes) -> None:
        """See `Observer.artifact`."""
        self._send(Told("artifact", (name, content)))

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        now = time.monotonic()
        if done >= total:
            self._sent.pop(label, None)
        elif now - self._sent.get(label, float("-inf")) < PAUSE_SECONDS:
            return
        else:
            self._sent[label] = now
        self._send(Told("progress", (label, done, total, note)))

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""
        self._send(Told("warning", (message,)))
