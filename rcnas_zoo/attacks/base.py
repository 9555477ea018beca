"""What every attack is, and the ceremony that all of them share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim


class Attack(ABC):
    """An attack under a threat model. A subclass writes `run` and states its settings.

    Attributes:
        name: what it is called, such as ``pgd-20``.
        ball: where it may move.
        settings: plain JSON data: every number needed to repeat it. Radii and step sizes are shares of the value range.
        effort: about how many passes through the network an image that stands costs; a gradient counts two.
        together: whether what becomes of an image depends on the others of its batch.
        searches: whether `fitted` finds another attack.
        whole: whether it is best given all images at once; it then sees to its memory itself.
    """

    stops_early = True
    effort = 1
    together = False
    searches = False
    whole = False

    def __init__(self, name: str, ball: Ball, **settings: Any) -> None:
        self.name = name
        self.ball = ball
        self.settings: dict[str, Any] = {"attack": name, **ball.settings, **settings}

    def perturb(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        engine: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Adversarial images. An example counts as broken if and only if the plain model misclassifies what comes back.

        The model and all global random states are left as they were. An image that the model misclassifies already
        comes back unchanged. One seed is drawn for every image, attacked or not.

        Args:
            model: (N, C, H, W) -> logits (N, classes), on the device of the images.
            images: (N, C, H, W) float32 inside the value range.
            labels: (N,) int64.
            generator: source of every random choice, on any device.
            engine: computes what the model does, sooner but perhaps less exactly: gradients come from it, verdicts
                never.

        Returns:
            (N, C, H, W) float32 inside the ball and the value range, without a graph.
        """
        seeds = torch.randint(2**31, (len(images),), generator=generator, device=generator.device)
        return self.perturb_seeded(Victim(model, engine), images, labels, seeds.tolist())

    def perturb_seeded(self, victim: Victim, images: Tensor, labels: Tensor, seeds: Sequence[int]) -> Tensor:
        """As `perturb`, with a seed in [0, 2^63) for each image, whose attack nothing else decides."""
        with untouched(victim.model):
            adversarial, labels = images.detach().clone(), labels.clone()
            right = victim.is_right(adversarial, labels) | (not self.stops_early)
            if right.any():
                hunt = Hunt(victim, self.ball, adversarial[right], labels[right], to_the_end=not self.stops_early)
                self.run(hunt, [seed for seed, wanted in zip(seeds, right.tolist(), strict=True) if wanted])
                adversarial[right] = hunt.found.detach()
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

    def fitted(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        engine: Callable[[Tensor], Tensor] | None = None,
    ) -> "Attack":
        """The attack made fit for a model and images; itself, unless it is one that searches first.

        The arguments are those of `perturb`, but for all the images that are to be attacked, not a batch of them.
        """
        return self

    @abstractmethod
    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """The attack itself, on at least one image.

        While the attack ``stops_early``, all the images are classified rightly.

        Args:
            hunt: the images, the model and the ball; it is told of every point worth a look, and at last of the points
                of the images that stand.
            seeds: one in [0, 2^63) for each image of ``hunt.found``.
        """


def streams(seeds: Sequence[int], number: int) -> list[int]:
    """The seeds of another stream of random choices for each image; stream 0 are the seeds themselves."""
    return [(seed + number * 2**31) % 2**63 for seed in seeds]


class CleanAttack(Attack):
    """No attack at all: the images themselves."""

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
