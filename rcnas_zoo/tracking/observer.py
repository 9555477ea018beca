"""An observer that keeps what it is told in a run."""

from collections.abc import Mapping

from rcnas_zoo.tracking.tracked_run import TrackedRun


class RunObserver:
    """Metrics, curves and files of a piece of work, in a run; progress is for people and not kept."""

    def __init__(self, run: TrackedRun) -> None:
        self._run = run

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """Logs an epoch's metrics together, with its number as their step."""
        self._run.metrics(metrics, number)

    def metric(self, name: str, value: float, step: int) -> None:
        """Logs one number."""
        self._run.metrics({name: value}, step)

    def artifact(self, name: str, content: str | bytes) -> None:
        """Keeps a file."""
        self._run.artifact(name, content)

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """Keeps nothing."""
