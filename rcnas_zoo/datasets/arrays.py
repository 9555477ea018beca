"""The door for arrays that come from outside: every check before they become `Images`."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput

Array = NDArray[Any]

_MOST_CHANNELS = 4
_MOST_CLASSES = 2**31


def to_images(images: Array, labels: Array, what: str) -> Images:
    """Checked images.

    Args:
        images: uint8, (N, H, W) or (N, H, W, C), values 0..255.
        labels: integers (N,), from 0.
        what: whose images these are, for messages: ``the train split of /data/mine.npz``.

    Raises:
        InvalidInput: another dtype or shape, nothing in it, negative labels, or unequal lengths.
    """
    _check_pixels(images, f"the images in {what}")
    _check_labels(labels, f"the labels in {what}")
    if len(images) != len(labels):
        raise InvalidInput(
            f"images and labels in {what} must be equally many, got {len(images)} images and {len(labels)} labels"
        )
    channels_last = images[..., None] if images.ndim == 3 else images
    # Always a copy: a tensor must not share memory with an array that its owner may change or that is read-only.
    channels_first = np.array(channels_last.transpose(0, 3, 1, 2), order="C")
    return Images(torch.from_numpy(channels_first), torch.from_numpy(labels.astype(np.int64)))


def _check_pixels(images: Array, what: str) -> None:
    if images.dtype != np.uint8:
        raise InvalidInput(f"{what} must be uint8 0..255, got {images.dtype}{_span(images)}; store pixels as uint8")
    if images.ndim not in (3, 4):
        raise InvalidInput(f"{what} must have the shape (N, H, W) or (N, H, W, C), got {images.shape}")
    if 0 in images.shape:
        raise InvalidInput(f"{what} must be at least one, of at least one pixel, got the shape {images.shape}")
    if images.ndim == 4 and images.shape[3] > _MOST_CHANNELS >= images.shape[1]:
        raise InvalidInput(f"{what} must have their channels last, (N, H, W, C), got the shape {images.shape}")


def _check_labels(labels: Array, what: str) -> None:
    if labels.dtype.kind not in "iu":
        raise InvalidInput(f"{what} must be integers, got {labels.dtype}{_span(labels)}")
    if labels.ndim != 1:
        raise InvalidInput(f"{what} must have the shape (N,), got {labels.shape}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < _MOST_CLASSES:
        raise InvalidInput(f"{what} must be class numbers from 0, got{_span(labels).removeprefix(' in')}")


def _span(array: Array) -> str:
    if array.size == 0 or array.dtype.kind not in "biuf":
        return ""
    return f" in [{array.min().item():.6g}, {array.max().item():.6g}]"
