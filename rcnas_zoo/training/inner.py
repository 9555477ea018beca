"""The inner problem of adversarial training: a worst-case input near each image, by projected gradient ascent."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAUSSIAN_START_SHARE = 0.001


@dataclass(frozen=True)
class InnerAttack:
    """Projected gradient ascent on cross-entropy inside an Linf ball.

    Attributes:
        radius: of the ball, in input units.
        step_size: of one sign step, in input units.
        steps: number of sign steps.
        start: ``gaussian`` (image + 0.001 N(0, 1) on [0, 1], as in the TRADES code) or ``uniform`` in the ball.
        low, high: value range of the input.
    """

    radius: float
    step_size: float
    steps: int
    start: str
    low: float = 0.0
    high: float = 1.0

    def maximise(self, model: nn.Module, images: Tensor, targets: Tensor, generator: torch.Generator) -> Tensor:
        """Images of high loss, inside the ball and the value range.

        The model must be lent out by `rcnas_zoo.attacks.guard.untouched`: eval mode keeps the running statistics of
        batch normalisation as they are, and frozen parameters save a third of a step. Departure from the TRADES code:
        the start is projected too, so that the network never sees a value outside its range.

        Args:
            model: (N, C, H, W) -> logits (N, classes).
            images: (N, C, H, W) float in [low, high].
            targets: labels (N,) int64, or fixed class probabilities (N, classes). The cross-entropy to fixed
                probabilities differs from their KL divergence by a constant, so its ascent is TRADES' KL ascent.
            generator: source of the start, on the device of the images.

        Returns:
            (N, C, H, W) float, without a graph.
        """
        lower = (images - self.radius).clamp_(min=self.low)
        upper = (images + self.radius).clamp_(max=self.high)
        adversarial = images + self._offset(images, generator)
        adversarial.clamp_(lower, upper)
        for _ in range(self.steps):
            gradient = _input_gradient(model, adversarial, targets)
            adversarial.add_(gradient.sign_(), alpha=self.step_size).clamp_(lower, upper)
        return adversarial

    def _offset(self, images: Tensor, generator: torch.Generator) -> Tensor:
        offset = torch.empty_like(images)
        if self.start == "uniform":
            return offset.uniform_(-self.radius, self.radius, generator=generator)
        return offset.normal_(0.0, GAUSSIAN_START_SHARE * (self.high - self.low), generator=generator)


def _input_gradient(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    point = images.detach().requires_grad_()
    # Summed, not averaged: a mean only scales the gradient, and may underflow it.
    loss = F.cross_entropy(model(point), targets, reduction="sum")
    return torch.autograd.grad(loss, point)[0]
