"""Are the images as the model wants them? Other usual scalings and orders are tried; none should be clearly better."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rcnas_zoo.evaluation.inputs import Examples

STANDARDS = {
    "ImageNet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "CIFAR-10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "CIFAR-100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
    "SVHN": ((0.4377, 0.4438, 0.4728), (0.1980, 0.2010, 0.1970)),
    "MNIST": ((0.1307,), (0.3081,)),
    "Fashion-MNIST": ((0.2860,), (0.3530,)),
}
"""Means and deviations of the channels, in [0, 1], that networks are commonly trained with."""
_LEAST_GAIN = 5
_BATCH = 100


@torch.no_grad()
def format_flags(model: nn.Module, examples: Examples) -> Iterator[str]:
    """A flag if another scaling or order of the pixels halves the errors: about 20 forward passes.

    A network that normalises inside and is given normalised images, or normalises twice, is right more often where one
    normalisation is taken back; one that never learnt these values, where they are brought to those it knows.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`.
        examples: on the device of the model, also those that it classifies wrongly.
    """
    images, labels = examples.images, examples.labels
    before = _right(model, images, labels)
    errors = len(images) - before
    if errors < _LEAST_GAIN:
        return
    found = {name: _right(model, points, labels) for name, points in _formats(examples)}
    name = max(found, key=lambda name: found[name])
    gain = found[name] - before
    if gain >= _LEAST_GAIN and 2 * gain >= errors:
        yield (
            f"image-format: {before} of {len(images)} images are right as they are, {found[name]} "
            f"when {name}; the model may normalise twice, not at all, or know other images"
        )


def _formats(examples: Examples) -> Iterator[tuple[str, Tensor]]:
    images = examples.images
    yield "inverted", examples.low + examples.high - images
    yield "upside down", images.flip(2)
    if images.shape[2] == images.shape[3]:
        yield "with height and width exchanged", images.mT
    if images.shape[1] == 3:
        yield "with the channels reversed", images.flip(1)
    yield from _scalings(examples)


def _scalings(examples: Examples) -> Iterator[tuple[str, Tensor]]:
    images = examples.images
    shares = (images - examples.low) / (examples.high - examples.low)
    yield "in [-1, 1]", 2 * shares - 1
    yield "in [0, 1]", shares
    yield "in [0, 255]", 255 * shares
    yield "divided by 255", images / 255
    yield "brought from [-1, 1] to [0, 1]", (images + 1) / 2
    for name, (mean, deviation) in _moments(shares).items():
        yield f"normalised by {name} mean and deviation", (shares - mean) / deviation
        yield f"denormalised by {name} mean and deviation", images * deviation + mean


def _moments(shares: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Name to mean and deviation, both (1, C, 1, 1) or (1, 1, 1, 1)."""
    found = {
        "their own": (shares.mean((0, 2, 3)), shares.std((0, 2, 3))),
        "their own common": (shares.mean(), shares.std()),
    }
    for name, (mean, deviation) in STANDARDS.items():
        if len(mean) in (1, shares.shape[1]):
            found[f"the {name}"] = (torch.tensor(mean).to(shares), torch.tensor(deviation).to(shares))
    # A channel may have one value throughout.
    return {name: (m.view(1, -1, 1, 1), d.clamp_min(1e-6).view(1, -1, 1, 1)) for name, (m, d) in found.items()}


def _right(model: nn.Module, images: Tensor, labels: Tensor) -> int:
    pairs = zip(torch.split(images, _BATCH), torch.split(labels, _BATCH), strict=True)
    try:
        return sum(int((model(part).argmax(1) == right).sum()) for part, right in pairs)
    except Exception:  # whatever it raises, a model that refuses a format does not want it
        return 0
