"""Fixed choices of training images: a part to train on and a part to evaluate on, or a smaller set."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Splits:
    """Two disjoint parts that make up the whole; both keep the order of the whole."""

    train: Images
    evaluation: Images


def split(images: Images, evaluation_size: int, seed: int = 0) -> Splits:
    """A stratified random split, the same for the same images, size and seed.

    Each class keeps at least one image to train on; the others are drawn in proportion to what each class can spare.

    Args:
        images: what to split.
        evaluation_size: number of images in the evaluation part.
        seed: of the draw.

    Raises:
        InvalidInput: a size below 1 or above the number of images less one for each class.
    """
    counts = torch.bincount(images.labels)
    spare = (counts - 1).clamp(min=0)
    if not 1 <= evaluation_size <= int(spare.sum()):
        raise InvalidInput(
            f"the evaluation size must be 1 to {int(spare.sum())} ({len(images)} images, of which each class keeps "
            f"one to train on), got {evaluation_size}"
        )
    drawn = _draw(images.labels, _apportion(spare, evaluation_size), seed)
    return Splits(images.select((~drawn).nonzero()[:, 0]), images.select(drawn.nonzero()[:, 0]))


def sample(images: Images, size: int, seed: int = 0) -> Images:
    """A stratified random choice in the order of the whole, the same for the same images, size and seed.

    Args:
        images: what to choose from.
        size: number of images to choose; each class gives its share, to within one image.
        seed: of the draw.

    Raises:
        InvalidInput: a size below 1 or above the number of images.
    """
    if not 1 <= size <= len(images):
        raise InvalidInput(f"the size of a sample must be 1 to {len(images)}, which is all images, got {size}")
    drawn = _draw(images.labels, _apportion(torch.bincount(images.labels), size), seed)
    return images.select(drawn.nonzero()[:, 0])


def _apportion(counts: Tensor, size: int) -> Tensor:
    """How many of each class to draw: the largest-remainder rule in whole numbers; the lower class wins a tie."""
    total = int(counts.sum())
    quotas, remainders = counts * size // total, counts * size % total
    late = torch.argsort(remainders, descending=True, stable=True)[: size - int(quotas.sum())]
    quotas[late] += 1
    return quotas


def _draw(labels: Tensor, quotas: Tensor, seed: int) -> Tensor:
    """A bool tensor (N,): true where an image was drawn."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.zeros(len(labels), dtype=torch.bool)
    for label, quota in enumerate(quotas.tolist()):
        members = (labels == label).nonzero()[:, 0]
        drawn[members[torch.randperm(len(members), generator=generator)[:quota]]] = True
    return drawn
