"""Shuffled and augmented batches of a training split that lies in memory as bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.augmentation import Augmentation
from rcnas_zoo.training.randomness import stream


def value_range(model: nn.Module) -> tuple[float, float]:
    """The input range of a network: of its spec if it has one, else [0, 1]."""
    spec = getattr(model, "spec", None)
    return (0.0, 1.0) if spec is None else (spec.input.low, spec.input.high)


def to_range(images: Tensor, levels: int, low: float, high: float) -> Tensor:
    """Integer images in [0, levels] as float32 in [low, high]."""
    return images.float().div_(levels).mul_(high - low).add_(low)


def batch_count(images: int, batch_size: int) -> int:
    """How many batches hold these images, none above ``batch_size``."""
    return -(-images // batch_size)


@dataclass(frozen=True)
class Batch:
    """What one update sees, or this process's or part's share of it.

    Attributes:
        images: float (n, C, H, W) in the network's value range.
        labels: int64 (n,).
        noise: float (n, C, H, W), what the inner attack starts from: standard normal, or uniform in [-1, 1].
        share: n as a share of the whole batch, in (0, 1].
    """

    images: Tensor
    labels: Tensor
    noise: Tensor
    share: float = 1.0

    def parts(self, count: int) -> "Iterator[Batch]":
        """The batch in ``count`` parts of almost equal size (fewer if it has fewer images)."""
        whole = len(self.labels)
        pieces = (tensor.tensor_split(min(count, whole)) for tensor in (self.images, self.labels, self.noise))
        for images, labels, noise in zip(*pieces, strict=True):
            yield Batch(images, labels, noise, self.share * len(labels) / whole)


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a whole training by number: freshly shuffled in every epoch and augmented in every update.

    An epoch is cut into batches of almost equal size, none above ``batch_size``, and drops no image. (Loaders that
    fill every batch may leave a single image over, whose batch statistics are useless.) All that is random is drawn
    for the whole batch from the seed and the update's number, and then cut to the rows of this process: who works at
    an image does not change what happens to it.

    Attributes:
        images: uint8 (N, C, H, W) in [0, levels], on the device that trains.
        labels: int64 (N,), on the same device.
        levels: the integer that stands for the highest value.
        low, high: value range of the batches.
        recipe: batch size and augmentation.
        seed: of every random choice.
        team: the processes that share each batch.
    """

    images: Tensor
    labels: Tensor
    levels: int
    low: float
    high: float
    recipe: TrainingRecipe
    seed: int
    team: Team

    @classmethod
    def of(
        cls,
        split: Images,
        recipe: TrainingRecipe,
        model: nn.Module,
        seed: int,
        device: torch.device,
        team: Team | None = None,
    ) -> "Batches":
        """The batches of a split in the value range of a model, on a device."""
        images, labels = split.images.to(device), split.labels.to(device)
        return cls(images, labels, split.levels, *value_range(model), recipe, seed, team or Team())

    def __len__(self) -> int:
        """Batches of one epoch."""
        return batch_count(len(self.labels), self.recipe.batch_size)

    def batch(self, update: int) -> Batch:
        """The rows of this process in the batch of update ``update`` (from 0) of the training."""
        epoch, place = divmod(update, len(self))
        indices = _order(self.seed, epoch, len(self.labels), self.labels.device).tensor_split(len(self))[place]
        generator = stream(self.seed, "update", update, self.labels.device)
        channels, height, width = self.images.shape[1:]
        count, shape = len(indices), (channels, height, width)
        augmentation = Augmentation.draw(self.recipe, count, shape, generator)
        noise = self._noise((count, *shape), generator)
        rows = _rows(count, self.team)
        images = augmentation.rows_of(rows).apply(self.images[indices[rows]])
        floats = to_range(images, self.levels, self.low, self.high)
        return Batch(floats, self.labels[indices[rows]], noise[rows], len(floats) / count)

    def _noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        if self.recipe.objective == "clean":
            return torch.zeros((), device=self.labels.device).expand(shape)
        noise = torch.empty(shape, device=self.labels.device)
        if self.recipe.attack_start == "gaussian":
            return noise.normal_(generator=generator)
        return noise.uniform_(-1.0, 1.0, generator=generator)


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int, device: torch.device) -> Tensor:
    return torch.randperm(count, generator=stream(seed, "order", epoch, device), device=device)


def _rows(count: int, team: Team) -> slice:
    """The rows of this process: almost equal shares, in the order of the ranks."""
    return slice(team.rank * count // team.size, (team.rank + 1) * count // team.size)
