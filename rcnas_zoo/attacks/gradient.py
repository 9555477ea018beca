"""Projected gradient attacks: FGSM, PGD and their margin-loss kin."""

from dataclasses import dataclass
from fractions import Fraction

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.spec.errors import InvalidInput


def negative_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """How far the best wrong logit is above the right one, max_{k != y} z_k - z_y: (N,); 0 on the decision boundary."""
    right = logits.gather(1, labels[:, None])[:, 0]
    wrong = logits.scatter(1, labels[:, None], -torch.inf).amax(1)
    return wrong - right


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each example, in nats: (N,)."""
    return F.cross_entropy(logits, labels, reduction="none")


LOSSES = {"cross-entropy": cross_entropy, "margin": negative_margin}


@dataclass(frozen=True)
class Ascent:
    """How a gradient attack climbs.

    Attributes:
        loss: ``cross-entropy`` or ``margin``; both are maximised.
        steps: gradient steps.
        step_share: length of a step as a share of the radius.
        start: ``image``, or ``uniform`` in the ball, clipped to the value range.
    """

    loss: str
    steps: int
    step_share: Fraction
    start: str


class GradientAttack(Attack):
    """Steepest ascent of a loss, projected after each step (Madry et al. 2018; one step from the image is FGSM).

    The first iterate that the model misclassifies is the result, the start included, and that image leaves the batch
    at once; an image that never breaks gives its last iterate. The margin loss makes of it what this field calls CW:
    the loss of Carlini and Wagner (2017), inside a fixed ball. Departure: their truncation at zero is left out, for a
    broken image is not attacked any more.
    """

    def __init__(self, name: str, ball: Ball, ascent: Ascent) -> None:
        super().__init__(
            name,
            ball,
            loss=ascent.loss,
            steps=ascent.steps,
            step_size=str(ball.threat.radius * ascent.step_share),
            start=ascent.start,
            restarts=1,
            result="first misclassified iterate, else the last",
        )
        self._ascent = ascent
        self._step_size = ball.radius * float(ascent.step_share)

    def run(self, model: nn.Module, images: Tensor, labels: Tensor, seeds: list[int]) -> Tensor:
        """See `Attack.run`."""
        current = self.ball.random_start(images, seeds) if self._ascent.start == "uniform" else images
        result = current.clone()
        alive = torch.arange(len(images), device=images.device)
        for _ in range(self._ascent.steps):
            gradient, right = self._gradient(model, current, labels[alive])
            if self.stops_early:
                alive, current, gradient = alive[right], current[right], gradient[right]
            if not len(alive):
                break
            step = self.ball.direction(gradient) * self._step_size
            current = self.ball.project(current + step, images[alive])
            result[alive] = current
        return result

    def _gradient(self, model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        point = images.detach().requires_grad_()
        logits: Tensor = model(point)
        if not logits.requires_grad:
            raise InvalidInput(f"the model must be differentiable for {self.name}; attack it with torchattacks:Square")
        right = logits.argmax(1) == labels
        # Summed, not averaged: a mean only scales the gradient, and may underflow it.
        loss = LOSSES[self._ascent.loss](logits, labels).sum()
        gradient = torch.autograd.grad(loss, point)[0]
        # A gradient that is not a number shows no direction; evaluation raises a flag for it.
        return gradient.nan_to_num(0.0, 0.0, 0.0), right
