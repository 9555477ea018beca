"""Progress on stderr: bars on a terminal, a line now and then elsewhere."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rcnas_zoo.spec.observer import Observer, Silent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PLAIN_SECONDS = 5.0


@contextmanager
def progress(quiet: bool = False, verbose: bool = False) -> Iterator[Observer]:
    """An observer that shows how far the work is and how long it will still take."""
    if quiet:
        yield Warnings()
    elif sys.stderr.isatty() and not verbose:
        with _display() as display:
            yield Bars(display)
    else:
        yield Lines(verbose)


class Warnings(Silent):
    """A line for each warning, and no progress."""

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""
        click.echo(f"warning: {message}", err=True)


class Lines(Warnings):
    """A line at the start and the end of each piece of work, and every few seconds between.

    Work that begins while other work is under way is shown only once it has lasted a few seconds: a search trains many
    networks of a second each.
    """

    def __init__(self, verbose: bool) -> None:
        self._verbose = verbose
        self._started: dict[str, tuple[float, int]] = {}
        self._shown: dict[str, float] = {}

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        if self._verbose:
            numbers = ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())
            click.echo(f"epoch {number}/{total}: {numbers}", err=True)

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        now = time.monotonic()
        started, before = self._started.setdefault(label, (now, done))
        if self._is_due(label, now, done >= total):
            self._shown[label] = now
            left = f", {time_left(now - started, done - before, total - before)} left" if before < done < total else ""
            click.echo(f"{label}: {done}/{total}{left}{'  ' + note if note else ''}", err=True)
        if done >= total:
            del self._started[label]
            self._shown.pop(label, None)

    def _is_due(self, label: str, now: float, ended: bool) -> bool:
        if label in self._shown:
            # The more there is to show, the less often each: all together fill no more lines than one.
            return ended or now - self._shown[label] >= PLAIN_SECONDS * len(self._shown)
        alone = len(self._started) == 1
        return alone or (not ended and now - self._started[label][0] >= PLAIN_SECONDS)


def time_left(seconds: float, done: int, total: int) -> str:
    """Time that the rest takes at the pace so far: ``40 s``, ``12 min``, ``3.5 h``."""
    left = seconds / done * (total - done)
    if left < 120:
        return f"{left:.0f} s"
    return f"{left / 60:.0f} min" if left < 7200 else f"{left / 3600:.1f} h"


class Bars(Silent):
    """A bar for each piece of work, while it lasts."""

    def __init__(self, display: "Progress") -> None:
        self._display = display
        self._bars: dict[str, TaskID] = {}

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        if label not in self._bars:
            self._bars[label] = self._display.add_task(label, total=total, completed=done, note=note)
        self._display.update(self._bars[label], completed=done, total=total, note=note)
        if done >= total:
            self._display.remove_task(self._bars.pop(label))

    def warning(self, message: str) -> None:
        """See `Observer.warning`; the line stays, above the bars."""
        self._display.console.print(f"warning: {message}", markup=False, highlight=False, soft_wrap=True)


def _display() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    # Where the terminal is narrow, the note gives way first, then the label.
    return Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=32)),
        BarColumn(bar_width=16, table_column=Column(min_width=16)),
        MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=11)),
        TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
        TextColumn("{task.fields[note]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
        console=Console(stderr=True),
        transient=True,
    )
