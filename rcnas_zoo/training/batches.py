"""Shuffled and augmented batches of a training split that lies in memory as bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.augmentation import random_crop, random_flip


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
class Batches:
    """Batches of a training split, freshly shuffled and augmented in every epoch.

    An epoch is cut into batches of almost equal size, none above ``batch_size``, and drops no image. (Loaders that
    fill every batch may leave a single image over, whose batch statistics are useless.)

    Attributes:
        images: uint8 (N, C, H, W) in [0, levels], on the device that trains.
        labels: int64 (N,), on the same device.
        levels: the integer that stands for the highest value.
        low, high: value range of the batches.
        recipe: batch size and augmentation.
    """

    images: Tensor
    labels: Tensor
    levels: int
    low: float
    high: float
    recipe: TrainingRecipe

    @classmethod
    def of(cls, split: Images, recipe: TrainingRecipe, model: nn.Module, device: torch.device) -> "Batches":
        """The batches of a split in the value range of a model, on a device."""
        return cls(split.images.to(device), split.labels.to(device), split.levels, *value_range(model), recipe)

    def __len__(self) -> int:
        return batch_count(len(self.labels), self.recipe.batch_size)

    def epoch(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Float images (n, C, H, W) in [low, high] with labels (n,), each image of the split once."""
        order = torch.randperm(len(self.labels), generator=generator, device=self.labels.device)
        for indices in order.tensor_split(len(self)):
            images = self._augment(self.images[indices], generator)
            yield to_range(images, self.levels, self.low, self.high), self.labels[indices]

    def _augment(self, images: Tensor, generator: torch.Generator) -> Tensor:
        if self.recipe.crop_padding:
            images = random_crop(images, self.recipe.crop_padding, generator)
        return random_flip(images, generator) if self.recipe.flip else images
