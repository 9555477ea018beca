"""Random crops and flips of a whole batch at once, on the device of the images."""

import torch
import torch.nn.functional as F
from torch import Tensor


def random_crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Each image shifted by up to ``padding`` pixels each way; what comes in from outside is zero.

    Args:
        images: (N, C, H, W), any type.
        padding: pixels of zero padding on every side, at least 0.
        generator: source of the offsets, on the device of the images.
    """
    places = 2 * padding + 1
    offsets = torch.randint(places, (2, len(images)), generator=generator, device=images.device)
    return crop(images, padding, offsets[0], offsets[1])


def crop(images: Tensor, padding: int, tops: Tensor, lefts: Tensor) -> Tensor:
    """The windows of size (H, W) that start at row ``tops[i]`` and column ``lefts[i]`` of padded image i.

    Args:
        images: (N, C, H, W), any type.
        padding: pixels of zero padding on every side.
        tops: (N,) int64 in [0, 2 padding].
        lefts: (N,) int64 in [0, 2 padding].
    """
    height, width = images.shape[2:]
    windows = F.pad(images, (padding,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(len(images), device=images.device), :, tops, lefts]


def random_flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image (N, C, H, W) flipped left to right with probability 1/2."""
    flipped = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flipped.view(-1, 1, 1, 1), images.flip(3), images)
