"""Progress on stderr, a line every few seconds, with the time that is left."""

import sys
import time
from collections.abc import Mapping

from rcnas_zoo.spec.observer import Silent

EVERY_SECONDS = 10.0


def say(text: str) -> None:
    """A line for people."""
    print(text, file=sys.stderr, flush=True)


class Lines(Silent):
    """A line for the first and the last step of a piece of work, for every epoch, and every few seconds between."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, int], tuple[float, int]] = {}
        self._shown = 0.0

    def epoch(self, number: int, total: int, metrics: Mapping[str, float]) -> None:
        """See `Observer.epoch`."""
        say(f"epoch {number}/{total}: " + ", ".join(f"{name} {value:.4g}" for name, value in metrics.items()))

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        """See `Observer.progress`."""
        now = time.monotonic()
        started, first = self._begun.setdefault((label, total), (now, done))
        if now - self._shown < EVERY_SECONDS and done not in (first, total):
            return
        self._shown = now
        rest = (now - started) / (done - first) * (total - done) if done > first else 0
        say(f"{label} {done}/{total}  {note}" + (f"  {rest:,.0f} s left" if rest else ""))

    def warning(self, message: str) -> None:
        """See `Observer.warning`."""
        say(f"warning: {message}")
