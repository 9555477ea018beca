"""What an evaluation is given, checked before anything runs."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec

RANGE_TOLERANCE = 1e-6
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class NotFinite(InvalidInput):
    """A model that puts out NaN or infinity."""


@dataclass(frozen=True)
class Examples:
    """Checked images and labels.

    Attributes:
        images: (N, C, H, W) float32 in [low, high].
        labels: (N,) int64 in [0, classes), on the CPU.
        low, high: value range.
        classes: number of classes.
        device: where the model is; batches are moved there one by one.
    """

    images: Tensor
    labels: Tensor
    low: float
    high: float
    classes: int
    device: torch.device

    def __len__(self) -> int:
        return len(self.images)

    def at(self, numbers: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Images and labels of these places, on the device of the model."""
        return self.images[numbers].to(self.device), self.labels[numbers].to(self.device)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and labels in their order, on the device of the model."""
        for start in range(0, len(self), size):
            yield self.at(slice(start, start + size))


def check_inputs(model: nn.Module, images: Tensor, labels: Tensor) -> Examples:
    """The examples, checked against each other and the model, which must be in eval mode.

    A model with a ``spec`` says its own shape and value range; any other takes images in [0, 1].

    Raises:
        InvalidInput: one line on the first thing that is wrong; whatever the model raises is its cause.
    """
    spec = getattr(model, "spec", None)
    low, high = (spec.input.low, spec.input.high) if isinstance(spec, NetworkSpec) else (0.0, 1.0)
    _check_images(images, low, high)
    if isinstance(spec, NetworkSpec) and images.shape[1:] != spec.input.shape:
        wanted, found = spec.input.shape, tuple(images.shape[1:])
        raise InvalidInput(f"images must have the shape {wanted} that the model takes, got {found}")
    first = next(model.parameters(), images)
    images, device = images.detach().float().clamp(low, high), first.device
    classes = _count_classes(model, images[:1].to(device))
    return Examples(images, _check_labels(labels, len(images), classes), low, high, classes, device)


def checked_logits(model: nn.Module, images: Tensor) -> Tensor:
    """The logits (N, classes) of the plain model, without a graph.

    Raises:
        InvalidInput: the model puts out something else, or in another precision.
        NotFinite: NaN or infinity.
    """
    with torch.no_grad():
        logits = model(images)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(images) or logits.shape[1] < 2:
        wanted = f"logits ({len(images)}, classes) with at least 2 classes for {len(images)} images"
        raise InvalidInput(f"the model must return {wanted}, got {_describe(logits)}; wrap it so that it does")
    if logits.dtype != torch.float32:
        # Shorter, tiny numbers of an attack are zero; longer, its points would become so too; whole ones have no slope.
        raise InvalidInput(f"the logits must be float32, got {logits.dtype}; return logits.float()")
    if not logits.isfinite().all():
        raise NotFinite("the logits of the model must be finite, got NaN or infinity; check its weights")
    return logits


def _check_images(images: object, low: float, high: float) -> None:
    if isinstance(images, Tensor) and images.dtype in _WHOLE:
        raise InvalidInput(
            f"images must be floats in [{low}, {high}], got {_describe(images)}; of 8-bit pixels, give images / 255"
        )
    if not isinstance(images, Tensor) or images.ndim != 4 or not images.is_floating_point():
        raise InvalidInput(f"images must be a float tensor (N, C, H, W) in [{low}, {high}], got {_describe(images)}")
    if images.numel() == 0:
        raise InvalidInput(f"images must hold at least one image, got the shape {tuple(images.shape)}")
    if not images.isfinite().all():
        bad = int((~images.isfinite()).flatten(1).any(1).sum())
        raise InvalidInput(f"images must be finite, got NaN or infinity in {bad} of {len(images)} images")
    least, most = float(images.min()), float(images.max())
    if least < low - RANGE_TOLERANCE or most > high + RANGE_TOLERANCE:
        raise InvalidInput(f"images must lie in [{low}, {high}], got values from {least:g} to {most:g}; rescale them")


def _check_labels(labels: object, count: int, classes: int) -> Tensor:
    if not isinstance(labels, Tensor) or labels.ndim != 1 or labels.dtype not in _WHOLE:
        raise InvalidInput(f"labels must be a tensor (N,) of whole numbers, got {_describe(labels)}")
    if len(labels) != count:
        raise InvalidInput(f"there must be a label for each image, got {count} images and {len(labels)} labels")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= classes:
        wrong = least if least < 0 else most
        raise InvalidInput(f"labels must be 0 to {classes - 1}, for the model has {classes} classes, got {wrong}")
    return labels.long().cpu()


def _count_classes(model: nn.Module, image: Tensor) -> int:
    given = image.clone()
    try:
        classes = checked_logits(model, given).shape[1]
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(
            f"the model must take float32 images of shape {tuple(image.shape)}, it raised {_cause(error)}"
        ) from error
    if not torch.equal(given, image):
        raise InvalidInput("the model must leave the images as they are, it changed them in place; clone them in it")
    return classes


def _cause(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _describe(value: object) -> str:
    if isinstance(value, Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
