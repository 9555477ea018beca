"""Successive halving over epochs: a candidate that falls behind the better half of the others is stopped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

PATIENCE = 4
"""Candidates that must have been measured at an epoch before it stops others."""

CHUNK = 4
"""Candidates that are judged by the same earlier ones; fixed, so that the number of workers changes nothing."""


@dataclass
class Halving:
    """The asynchronous rule of Li et al. (2020, ASHA) with a reduction factor of 2, in the order of the proposals.

    Rungs are a quarter and a half of the epochs. A candidate goes on if its robust accuracy at a rung is at least the
    median of all candidates that were measured there before. (ASHA as published holds a candidate back and may take it
    up later; here it is stopped for good, since a searcher wants its answer.)

    Attributes:
        epochs: of a whole training.
        measured: rung to the robust accuracies measured there so far.
    """

    epochs: int
    measured: dict[int, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for divisor in (4, 2):
            self.measured[-(-self.epochs // divisor)] = []
        self.measured.pop(self.epochs, None)

    def floors(self) -> tuple[tuple[int, float], ...]:
        """Rung and the robust accuracy below which a training ends there; 0, which stops none, while few are known."""
        return tuple((rung, median(found) if len(found) >= PATIENCE else 0.0) for rung, found in self.measured.items())

    def observe(self, curves: Iterable[Mapping[int, float]]) -> None:
        """Takes in what the next candidates were measured at: epoch to robust accuracy, for each of them."""
        for curve in curves:
            for rung, found in self.measured.items():
                if rung in curve:
                    found.append(curve[rung])
