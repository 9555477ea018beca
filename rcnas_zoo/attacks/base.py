"""What every attack is, and the ceremony that all of them share."""

from abc import ABC, abstractmethod
from copy import copy
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.guard import untouched


class Attack(ABC):
    """An attack under a threat model. A subclass writes `run` and states its settings.

    Attributes:
        name: what it is called, such as ``pgd-20``.
        ball: where it may move.
        settings: plain JSON data: every number needed to repeat it. Radii and step sizes are shares of the value range.
    """

    stops_early = True

    def __init__(self, name: str, ball: Ball, **settings: Any) -> None:
        self.name = name
        self.ball = ball
        self.settings: dict[str, Any] = {"attack": name, **ball.settings, **settings}

    def perturb(self, model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Adversarial images. An example counts as broken if and only if the plain model misclassifies what comes back.

        The model and all global random states are left as they were. An image that the model misclassifies already
        comes back unchanged. One seed is drawn for every image, attacked or not.

        Args:
            model: (N, C, H, W) -> logits (N, classes), on the device of the images.
            images: (N, C, H, W) float32 inside the value range.
            labels: (N,) int64.
            generator: source of every random choice, on any device.

        Returns:
            (N, C, H, W) float32 inside the ball and the value range, without a graph.
        """
        seeds = torch.randint(2**31, (len(images),), generator=generator, device=generator.device)
        with untouched(model):
            adversarial, labels = images.detach().clone(), labels.clone()
            right = is_right(model, adversarial, labels) | (not self.stops_early)
            if right.any():
                targets = adversarial[right]
                found = self.run(model, targets, labels[right], seeds[right.to(seeds.device)].tolist())
                adversarial[right] = self.ball.project(found.detach(), targets)
        return adversarial

    def to_the_end(self) -> "Attack":
        """The same attack on every image, also one misclassified already, for all its steps.

        What just breaks one network is a weak attack on another: transfer and Lipschitz ratios want the last iterate.
        An attack that is not ours still stops where it stops.
        """
        other = copy(self)
        other.stops_early = False
        other.settings = {**self.settings, "result": "last iterate"}
        return other

    @abstractmethod
    def run(self, model: nn.Module, images: Tensor, labels: Tensor, seeds: list[int]) -> Tensor:
        """The attack itself, on at least one image; the ball is enforced afterwards.

        While the attack ``stops_early``, all the images are classified rightly.

        Args:
            model: lent out by `untouched`.
            images: (N, C, H, W) float32 inside the value range.
            labels: (N,) int64.
            seeds: one in [0, 2^31) for each image.
        """


def is_right(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Which images the model classifies rightly: bool (N,)."""
    with torch.no_grad():
        logits: Tensor = model(images)
    return logits.argmax(1) == labels


class CleanAttack(Attack):
    """No attack at all: the images themselves."""

    def run(self, model: nn.Module, images: Tensor, labels: Tensor, seeds: list[int]) -> Tensor:
        """See `Attack.run`."""
        return images
