"""The training loop: updates, selection of an epoch, and a stop where going on makes no sense."""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.inputs import NotFinite
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.averaging import snapshot
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.constraint import Constraint
from rcnas_zoo.training.course import Course
from rcnas_zoo.training.global_norm import global_norms
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.selection import Selection
from rcnas_zoo.training.updates import Updates

__all__ = ["TrainingResult", "train"]


def train(
    model: nn.Module,
    train: Images,
    evaluation: Images,
    recipe: TrainingRecipe,
    *,
    seed: int,
    host: Host | None = None,
    floors: Mapping[int, float] | None = None,
    constraint: Constraint | None = None,
) -> TrainingResult:
    """Trains a network in place; it ends on the host's device in eval mode with the ``last`` weights.

    Parameters that ask for no gradient stay as they are.

    The same seed gives bitwise equal weights on the same CPU with the same number of threads, also across any number
    of interruptions if the host keeps checkpoints. The global random state is not touched.

    Args:
        model: (N, C, H, W) in its spec's range, else [0, 1], -> logits (N, classes).
        train: images to train on.
        evaluation: images that choose the epoch; nothing is trained on them.
        recipe: every setting of the training.
        seed: of shuffling, augmentation and attacks.
        host: where it runs and who watches; default this process's CPU and nobody.
        floors: epoch to the robust accuracy on the evaluation split below which the training is hopeless and ends
            there (successive halving, seen from one candidate).
        constraint: what the network must come to beside a low loss; its state is in the model.

    Raises:
        InvalidInput: an empty split, images or labels that do not fit the model's spec, fewer images in a batch than
            processes, or checkpoints of another training.
        Unavailable: not even one image fits into memory.
    """
    host, floors = _own(host or Host()), dict(floors or {})
    for name, split in (("training", train), ("evaluation", evaluation)):
        _check_split(model, name, split)
    model.to(host.device)
    batches = Batches.of(train, recipe, model, seed, host.device, host.team)
    _check_shares(batches)
    identity = _identity(model, batches, (train, evaluation), floors, constraint)
    with global_norms(model, host.team):
        course = Course.start(Updates.of(model, batches, host, constraint), identity)
        selection = Selection.of(evaluation, recipe, model, seed, host.device)
        _Loop(course, selection, floors).run()
    model.load_state_dict(course.history.last)
    model.to(memory_format=torch.contiguous_format)
    model.eval()
    return course.result()


def _own(host: Host) -> Host:
    """What this process may do: in a team, one alone speaks and writes."""
    return host if host.team.leads else replace(host, observer=Silent(), checkpoints=None)


def _identity(
    model: nn.Module,
    batches: Batches,
    splits: Iterable[Images],
    floors: Mapping[int, float],
    constraint: Constraint | None,
) -> str:
    spec = getattr(model, "spec", None)
    shapes = {name: list(value.shape) for name, value in model.state_dict().items()}
    parts = {
        "network": spec.digest if isinstance(spec, NetworkSpec) else digest([str(model), shapes]),
        "splits": [split.digest for split in splits],
        "recipe": batches.recipe.digest,
        "seed": batches.seed,
        "floors": {str(epoch): floor for epoch, floor in floors.items()},
        **({} if constraint is None else {"constraint": constraint.identity}),
    }
    return canonical_json(parts)


@dataclass(frozen=True)
class _Loop:
    course: Course
    selection: Selection
    floors: Mapping[int, float]

    def run(self) -> None:
        course, host = self.course, self.course.updates.host
        epochs = course.updates.batches.recipe.epochs
        for number, metrics in enumerate(course.history.curve, start=1):
            host.observer.epoch(number, epochs, metrics)
        begun, started = course.done, time.perf_counter()
        images = len(course.updates.batches.labels) / len(course.updates.batches)

        def tell() -> None:
            rate = (course.done - begun) * images / (time.perf_counter() - started)
            host.observer.progress(host.label, course.done, course.updates.total, _note(course, rate))

        while course.epochs_done < epochs and not self._is_over():
            self._close_epoch(course.run_epoch(tell))
            course.keep()

    def _is_over(self) -> bool:
        """Also true after a checkpoint of the epoch that fell below its floor."""
        history = self.course.history
        epoch = len(history.curve)
        if epoch in self.floors:
            history.hopeless = history.curve[-1]["robust_accuracy"] < self.floors[epoch]
        return history.hopeless or history.diverged_at > 0

    def _close_epoch(self, loss: float) -> None:
        """Measures what the epoch has come to; the leader of a team measures for all."""
        course, host = self.course, self.course.updates.host
        epoch = course.epochs_done + 1
        updates = course.updates
        with updates.average.in_place_of(updates.network.model):
            weights = snapshot(updates.network.model.state_dict())
            measured: Any = host.team.tell(self._measure(epoch, loss, weights) if host.team.leads else None)
        if measured is None:
            self._diverge(epoch)
            return
        rate, constraint = updates.rate(course.done - 1), updates.constraint
        metrics = {"loss": loss, "learning_rate": rate, **measured, **(constraint.measure() if constraint else {})}
        eligible = self.selection.considers(epoch) and (constraint is None or constraint.holds())
        course.history.add(metrics, weights, eligible)
        if constraint is not None:
            constraint.close_epoch(epoch)
        host.observer.epoch(epoch, updates.batches.recipe.epochs, metrics)

    def _measure(self, epoch: int, loss: float, weights: Mapping[str, Tensor]) -> dict[str, float] | None:
        """The epoch's accuracies; None if something is no longer a number."""
        model = self.course.updates.network.model
        parts = self.course.updates.parts
        if not (_all_finite(loss, weights) and self.selection.has_finite_logits(model, parts)):
            return None
        try:
            return self.selection.measure(model, epoch, parts, epoch in self.floors)
        except NotFinite:
            return None

    def _diverge(self, epoch: int) -> None:
        course, host = self.course, self.course.updates.host
        update = int(course.broken.item()) or course.done
        course.history.diverged_at = update
        host.observer.warning(
            f"{host.label}: the loss must stay finite, it did not at update {update} (epoch {epoch}); "
            f"the weights of the epochs before are kept, try a lower learning rate or another seed"
        )


def _note(course: Course, rate: float) -> str:
    """Where the training stands, for people."""
    epochs = course.updates.batches.recipe.epochs
    words = [f"epoch {min(course.epochs_done + 1, epochs)}/{epochs}"]
    if course.history.curve:
        row = course.history.curve[-1]
        words.append(f"loss {row['loss']:.3g}")
        names = {"clean_accuracy": "clean", "robust_accuracy": "robust"}
        words += [f"{word} {100 * row[name]:.1f} %" for name, word in names.items() if name in row]
    return "  ".join([*words, f"{rate:,.0f} images/s"])


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


def _check_shares(batches: Batches) -> None:
    smallest, processes = len(batches.labels) // len(batches), batches.team.size
    if smallest < processes:
        raise InvalidInput(
            f"each of {processes} processes must have an image of every batch, got a batch of {smallest}; "
            "take a larger batch size or fewer processes"
        )


def _all_finite(loss: float, weights: Mapping[str, Tensor]) -> bool:
    return math.isfinite(loss) and all(bool(value.isfinite().all()) for value in weights.values())
