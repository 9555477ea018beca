"""Who watches a piece of work: the protocol that progress bars and tracking implement."""

from collections.abc import Mapping, Sequence
from typing import Protocol


class Observer(Protocol):
    """Is told what happens; never asked. An observer must not change the work or its random state."""

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """Epoch ``number`` (from 1) of ``total`` has ended with these metrics (accuracies in [0, 1])."""

    def metric(self, name: str, value: float, step: int) -> None:
        """One number of a series."""

    def artifact(self, name: str, content: str | bytes) -> None:
        """A file to keep, under a relative path such as ``candidates/003.json``."""

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """``done`` of ``total`` steps of the work called ``label`` are finished."""

    def warning(self, message: str) -> None:
        """Something that a person should know now, in one line; the work goes on."""


class Silent:
    """An observer that does nothing; the default everywhere."""

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""

    def metric(self, name: str, value: float, step: int) -> None:
        """See `Observer.metric`."""

    def artifact(self, name: str, content: str | bytes) -> None:
        """See `Observer.artifact`."""

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""


class Together:
    """Passes everything on to several observers, in their order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        for observer in self._observers:
            observer.epoch(number, total, metrics)

    def metric(self, name: str, value: float, step: int) -> None:
        """See `Observer.metric`."""
        for observer in self._observers:
            observer.metric(name, value, step)

    def artifact(self, name: str, content: str | bytes) -> None:
        """See `Observer.artifact`."""
        for observer in self._observers:
            observer.artifact(name, content)

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        for observer in self._observers:
            observer.progress(label, done, total, note)

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""
        for observer in self._observers:
            observer.warning(message)


class ProgressOnly(Silent):
    """Passes on progress and warnings: what can be told apart when several pieces of work run at once.

    Their epochs and series have no names of their own and would run into one another.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        self._observer.progress(label, done, total, note)

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""
        self._observer.warning(message)
