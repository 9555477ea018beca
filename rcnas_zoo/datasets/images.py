"""Labelled images in memory, kept as the integers they came as."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import torch
from torch import Tensor

from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Images:
    """Images with their labels.

    Attributes:
        images: uint8 tensor (N, C, H, W), values 0 to ``levels``.
        labels: int64 tensor (N,), class numbers from 0.
        levels: the value that means full brightness: a pixel v stands for v / levels.

    Raises:
        InvalidInput: another dtype or shape, unequal lengths, or a value above ``levels``.
    """

    images: Tensor
    labels: Tensor
    levels: int = 255

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.dim() != 4:
            raise InvalidInput(f"images must be uint8 of shape (N, C, H, W), got {_kind(self.images)}")
        if self.labels.dtype != torch.int64 or self.labels.dim() != 1:
            raise InvalidInput(f"labels must be int64 of shape (N,), got {_kind(self.labels)}")
        if len(self.images) != len(self.labels):
            raise InvalidInput(
                f"images and labels must be equally many, got {len(self.images)} images and {len(self.labels)} labels"
            )
        self._check_levels()

    def _check_levels(self) -> None:
        if not 1 <= self.levels <= 255:
            raise InvalidInput(f"the levels of images must be 1 to 255, got {self.levels}")
        if self.levels < 255 and self.images.numel() and int(self.images.max()) > self.levels:
            raise InvalidInput(f"image values must be at most {self.levels}, got {int(self.images.max())}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def floats(self) -> Tensor:
        """The images as a float32 tensor (N, C, H, W) with values in [0, 1]."""
        return self.images.to(torch.float32) / self.levels

    def select(self, indices: Sequence[int] | Tensor) -> "Images":
        """The images at these indices, in their order."""
        chosen = torch.as_tensor(indices, dtype=torch.int64)
        return Images(self.images[chosen], self.labels[chosen], self.levels)

    @cached_property
    def digest(self) -> str:
        """sha256 (64 hex digits) over shape, levels, pixels and labels; the order of the images counts."""
        content = sha256(f"{tuple(self.images.shape)} {self.levels} ".encode())
        content.update(self.images.contiguous().numpy().data)
        content.update(self.labels.numpy().astype("<i8").tobytes())
        return content.hexdigest()


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
