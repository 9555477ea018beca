"""The training loop: updates, selection of an epoch, and a stop when the loss stops being a number."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.selection import Selection
from rcnas_zoo.training.updates import Updates

_CPU = torch.device("cpu")
_SILENT = Silent()


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a training leaves.

    Attributes:
        best: weights of the epoch with the highest robust accuracy on the evaluation split (the first of equals); the
            last ones if none was measured. State dict on the CPU.
        last: weights after the last epoch that ended with finite numbers. State dict on the CPU.
        best_epoch: the epoch of ``best``, from 1; 0 if the first epoch diverged.
        curve: one row an epoch: ``loss``, ``learning_rate`` (of the epoch's last update) and, where measured,
            ``clean_accuracy`` and ``robust_accuracy`` in [0, 1].
        seconds: wall time.
        diverged: whether the training ended early, on a loss, weights or logits that were not finite.
    """

    best: dict[str, Tensor]
    last: dict[str, Tensor]
    best_epoch: int
    curve: tuple[dict[str, float], ...]
    seconds: float
    diverged: bool


def train(
    model: nn.Module,
    train: Images,
    evaluation: Images,
    recipe: TrainingRecipe,
    *,
    seed: int,
    observer: Observer = _SILENT,
    device: torch.device = _CPU,
    label: str = "training",
) -> TrainingResult:
    """Trains a network in place; it ends on ``device`` in eval mode with the ``last`` weights.

    The same seed gives bitwise equal weights on the same CPU with the same number of threads. The global random state
    is not touched.

    Args:
        model: (N, C, H, W) in its spec's range, else [0, 1], -> logits (N, classes).
        train: images to train on.
        evaluation: images that choose the epoch; nothing is trained on them.
        recipe: every setting of the training.
        seed: of shuffling, augmentation and attacks.
        observer: told of every update and every epoch.
        device: where to train.
        label: name of this work for the observer.

    Raises:
        InvalidInput: an empty split, or images or labels that do not fit the model's spec.
    """
    started = time.perf_counter()
    for name, split in (("training", train), ("evaluation", evaluation)):
        _check_split(model, name, split)
    model.to(device)
    updates = Updates.of(model, Batches.of(train, recipe, model, device), seed)
    selection = Selection.of(evaluation, recipe, model, seed, device)
    history = _History(_snapshot(model))

    def tell(done: int, epoch: int) -> None:
        observer.progress(label, done, updates.total, f"epoch {epoch}/{recipe.epochs}")

    for epoch in range(1, recipe.epochs + 1):
        loss = updates.run_epoch(epoch, tell)
        weights = _snapshot(model)
        if not (_all_finite(loss, weights) and selection.has_finite_logits(model)):
            history.diverged = True
            break
        metrics = {"loss": loss, "learning_rate": updates.rate_after(epoch), **selection.measure(model, epoch)}
        history.add(metrics, weights)
        observer.epoch(epoch, recipe.epochs, metrics)
    model.load_state_dict(history.last)
    model.eval()
    return history.result(time.perf_counter() - started)


@dataclass
class _History:
    """What has been reached so far; starts from the untrained weights."""

    last: dict[str, Tensor]
    best: dict[str, Tensor] | None = None
    best_epoch: int = 0
    curve: list[dict[str, float]] = field(default_factory=list)
    diverged: bool = False

    def add(self, metrics: dict[str, float], weights: dict[str, Tensor]) -> None:
        if _beats(metrics, self.curve):
            self.best, self.best_epoch = weights, len(self.curve) + 1
        self.last = weights
        self.curve.append(metrics)

    def result(self, seconds: float) -> TrainingResult:
        best, epoch = (self.last, len(self.curve)) if self.best is None else (self.best, self.best_epoch)
        return TrainingResult(best, self.last, epoch, tuple(self.curve), seconds, self.diverged)


def _beats(metrics: Mapping[str, float], earlier: list[dict[str, float]]) -> bool:
    measured = metrics.get("robust_accuracy")
    return measured is not None and all(measured > row.get("robust_accuracy", -1.0) for row in earlier)


def _check_split(model: nn.Module, name: str, split: Images) -> None:
    if not len(split):
        raise InvalidInput(f"the {name} split must hold at least one image, got none")
    spec = getattr(model, "spec", None)
    if spec is None:
        return
    if split.shape != spec.input.shape:
        raise InvalidInput(f"the images of the {name} split must have the shape {spec.input.shape}, got {split.shape}")
    highest = int(split.labels.max())
    if highest >= spec.classes:
        raise InvalidInput(f"the labels of the {name} split must be 0 to {spec.classes - 1}, got {highest}")


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in model.state_dict().items()}


def _all_finite(loss: float, weights: Mapping[str, Tensor]) -> bool:
    return math.isfinite(loss) and all(bool(value.isfinite().all()) for value in weights.values())
