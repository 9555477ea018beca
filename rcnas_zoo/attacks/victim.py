"""A model under attack: judged as it stands, climbed by whatever computes its gradients soonest."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.spec.errors import InvalidInput

AT_ONCE = 1000
"""Images of one pass without a gradient; an attack may be given a whole data set."""


def is_right(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Which images the model classifies rightly: bool (N,)."""
    return in_parts(model, images).argmax(1) == labels


@torch.no_grad()
def in_parts(model: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Logits (N, classes) of any number of images."""
    if len(images) <= AT_ONCE:
        return model(images)
    return torch.cat([model(part) for part in torch.split(images, AT_ONCE)])


@dataclass(frozen=True)
class Victim:
    """A model, lent out by `rcnas_zoo.attacks.guard.untouched`, and the means to climb it.

    Attributes:
        model: images (N, C, H, W) -> logits (N, classes). It alone decides what is broken.
        engine: the same network, perhaps in another precision or layout; None means the model itself.
    """

    model: nn.Module
    engine: Callable[[Tensor], Tensor] | None = None

    def is_right(self, images: Tensor, labels: Tensor) -> Tensor:
        """Which images the model itself classifies rightly: bool (N,)."""
        return is_right(self.model, images, labels)

    def logits(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of the model itself."""
        return in_parts(self.model, images)

    def guess(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of the engine."""
        return in_parts(self._engine, images)

    def gradient(self, images: Tensor, loss: Callable[[Tensor], Tensor], passes: int = 1) -> "Slope":
        """The loss of each image and its gradient, from the engine.

        Args:
            images: (N, C, H, W).
            loss: logits (N, classes) -> loss of each (N,).
            passes: how many are averaged, for a model whose answers are random.

        Raises:
            InvalidInput: the model's outputs do not depend on the images in a way that can be differentiated.
        """
        point = images.detach().requires_grad_()
        slopes = [self._slope(point, loss) for _ in range(passes)]
        if passes == 1:
            return slopes[0]
        rows = zip(*((slope.logits, slope.losses, slope.gradient) for slope in slopes), strict=True)
        return Slope(*(torch.stack(row).mean(0) for row in rows))

    def _slope(self, point: Tensor, loss: Callable[[Tensor], Tensor]) -> "Slope":
        logits = self._engine(point)
        if not logits.requires_grad:
            raise InvalidInput("the model must be differentiable for an attack by gradients; attack it with square")
        losses = loss(logits)
        # Summed, not averaged: a mean only scales the gradient, and may underflow it.
        gradient = torch.autograd.grad(losses.sum(), point)[0]
        # A gradient that is not a number shows no direction; evaluation raises a flag for it.
        return Slope(logits.detach(), losses.detach(), gradient.nan_to_num(0.0, 0.0, 0.0))

    def _engine(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images) if self.engine is None else self.engine(images)
        return logits


@dataclass(frozen=True)
class Slope:
    """Logits (N, classes), losses (N,) and the gradient (N, C, H, W) of each loss to its own image."""

    logits: Tensor
    losses: Tensor
    gradient: Tensor
