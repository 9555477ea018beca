"""Progress on stderr: bars on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from rcnas_zoo.spec.observer import Observer, Silent

PLAIN_SECONDS = 5.0


@contextmanager
def progress(quiet: bool = False, verbose: bool = False) -> Iterator[Observer]:
    """An observer that shows how far the work is and how long it will still take."""
    if quiet:
        yield Silent()
    elif sys.stderr.isatty():
        with _bars() as observer:
            yield observer
    else:
        yield Lines(verbose)


class Lines(Silent):
    """A line at the start and the end of each piece of work, and every few seconds between."""

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._started: dict[str, float] = {}
        self._shown = 0.0

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        if self._verbose:
            numbers = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            click.echo(f"epoch {number}/{total}: {numbers}", err=True)

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        now = time.monotonic()
        new = label not in self._started
        started = self._started.setdefault(label, now)
        if done >= total:
            del self._started[label]
        elif not new and now - self._shown < PLAIN_SECONDS:
            return
        self._shown = now
        left = f", {time_left(now - started, done, total)} left" if 0 < done < total else ""
        click.echo(f"{label}: {done}/{total}{left}{'  ' + note if note else ''}", err=True)


def time_left(seconds: float, done: int, total: int) -> str:
    """Time that the rest takes at the pace so far: ``40 s``, ``12 min``, ``3.5 h``."""
    left = seconds / done * (total - done)
    if left < 120:
        return f"{left:.0f} s"
    return f"{left / 60:.0f} min" if left < 7200 else f"{left / 3600:.1f} h"


@contextmanager
def _bars() -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        class Bars(Silent):
            def progress(self, label: str, done: int, total: int, note: str = "") -> None:
                if label not in tasks:
                    tasks[label] = bars.add_task(label, total=total, note="")
                bars.update(tasks[label], completed=done, total=total, note=note)  # type: ignore[arg-type]
                if done >= total:
                    bars.remove_task(tasks.pop(label))  # type: ignore[arg-type]

        yield Bars()
