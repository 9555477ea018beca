"""What a training has reached, epoch by epoch, and what it leaves."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a training leaves.

    Attributes:
        best: weights of the epoch with the highest robust accuracy on the evaluation split (the first of equals); the
            last ones if the recipe selects none. State dict on the CPU; the averages, if the recipe averages weights.
        last: weights after the last epoch that ended with finite numbers. State dict on the CPU.
        best_epoch: the epoch of ``best``, from 1; 0 if the first epoch diverged.
        curve: one row an epoch: ``loss``, ``learning_rate`` (of the epoch's last update) and, where measured,
            ``clean_accuracy`` and ``robust_accuracy`` in [0, 1].
        seconds: wall time.
        diverged_at: the update (from 1) whose loss, or after which weights or logits, were not finite; 0 if none.
        hopeless: whether the training ended early because it fell behind others.
        engine: how the network was run: ``precision``, ``compiled``, ``parts`` a batch, ``processes``.
    """

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    best_epoch: int
    curve: tuple[dict[str, float], ...]
    seconds: float
    diverged_at: int = 0
    hopeless: bool = False
    engine: dict[str, Any] = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        """Whether the training ended early, on a loss, weights or logits that were not finite."""
        return self.diverged_at > 0


@dataclass
class History:
    """What has been reached so far; starts from the untrained weights.

    Attributes:
        last, best, best_epoch, curve, diverged_at, hopeless: as in `TrainingResult`.
    """

    last: dict[str, Tensor]
    best: dict[str, Tensor] | None = None
    best_epoch: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    diverged_at: int = 0
    hopeless: bool = False

    def add(self, metrics: dict[str, float], weights: dict[str, Tensor], eligible: bool) -> None:
        """An epoch has ended; only one that is ``eligible``, and so was measured, can be the best."""
        if eligible and metrics["robust_accuracy"] > self._best_accuracy():
            self.best, self.best_epoch = weights, len(self.curve) + 1
        self.last = weights
        self.curve.append(metrics)

    def result(self, seconds: float, engine: dict[str, Any]) -> TrainingResult:
        """What the training leaves if it ends now."""
        best, epoch = (self.last, len(self.curve)) if self.best is None else (self.best, self.best_epoch)
        return TrainingResult(
            best, self.last, epoch, tuple(self.curve), seconds, self.diverged_at, self.hopeless, engine
        )

    def _best_accuracy(self) -> float:
        return self.curve[self.best_epoch - 1]["robust_accuracy"] if self.best_epoch else -1.0
