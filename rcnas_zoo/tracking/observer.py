"""An observer that keeps what it is told in a run."""

from collections.abc import Mapping

from rcnas_zoo.tracking.tracked_run import TrackedRun


class RunObserver:
    """Metrics, curves, warnings and files of a piece of work, in a run; progress is for people and not kept.

    Metrics and warnings may arrive later, so that a store that is silent for a while stops no work. A metric that has
    a value at a step already keeps it, so that work that is resumed may tell everything again.
    """

    def __init__(self, run: TrackedRun) -> None:
        self._run = run

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """Logs an epoch's metrics together, with its number as their step."""
        self._run.backlog.metrics(metrics, number)

    def metric(self, name: str, value: float, step: int) -> None:
        """Logs one number."""
        self._run.backlog.metrics({name: value}, step)

    def artifact(self, name: str, content: str | bytes) -> None:
        """Keeps a file."""
        self._run.artifact(name, content)

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """Keeps nothing."""

    def warning(self, message: str) -> None:
        """Adds a line to the tag ``rcnas.warnings``."""
        self._run.backlog.warning(message)
