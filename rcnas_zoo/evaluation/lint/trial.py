"""A few images that a model classifies rightly, and attacks of some strength on them."""

from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.autoattack import LEAST_CLASSES, Effort, make_part
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.protocols import stepped_attack
from rcnas_zoo.attacks.square import Square
from rcnas_zoo.evaluation.inputs import Examples
from rcnas_zoo.spec.attack import STEPPED_ATTACKS, AttackName
from rcnas_zoo.spec.threat import ThreatModel

QUERIES = 500
"""Of square: a tenth of those in AutoAttack."""
_TARGETS = 3
"""Of the attacks that aim: the likeliest classes nearly always decide, and AutoAttack has nine."""


@dataclass(frozen=True)
class Trial:
    """A model and how it is attacked.

    Attributes:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`; its outputs can be differentiated.
        examples: classified rightly, on the device of the model.
        threat: norm and radius.
        seed: of every attack.
    """

    model: nn.Module
    examples: Examples
    threat: ThreatModel
    seed: int

    def __len__(self) -> int:
        """The number of images."""
        return len(self.examples)

    def at(self, radius: Fraction) -> "Trial":
        """The same with another radius."""
        return replace(self, threat=ThreatModel(self.threat.norm, radius))

    @property
    def widest(self) -> Fraction:
        """The radius that brings every image to mid-grey, where no model can tell one from another."""
        if self.threat.norm == "linf":
            return Fraction(1, 2)
        return Fraction(self.examples.images[0].numel() ** 0.5 / 2).limit_denominator(1000)

    def broken(self, *names: str, rescaled: bool = False, spared: Tensor | None = None) -> Tensor:
        """Which images one of these attacks breaks, each trying those that the ones before it left: bool (N,).

        Args:
            names: of attacks, run in this order; ``square`` has fewer queries than its name means elsewhere.
            rescaled: climb the model with its logits rescaled.
            spared: bool (N,), images that are not attacked.
        """
        found = torch.zeros_like(self.examples.labels, dtype=torch.bool)
        left = ~found if spared is None else ~spared
        climbed = Rescaled(self.model) if rescaled else self.model
        for name in names:
            if left.any():
                fallen = self._fallen(self._attack(name), climbed, left)
                found, left = found | fallen, left & ~fallen
        return found

    def broken_by_all_means(self, spared: Tensor) -> Tensor:
        """Which images climbing for long breaks, APGD towards other classes included: bool (N,)."""
        names = ["apgd-ce", *(["apgd-t"] if self.examples.classes >= LEAST_CLASSES["apgd-t"] else ["fab-t"])]
        return self.broken("pgd-20", "cw-20", *names, spared=spared)

    def _attack(self, name: str) -> Attack:
        ball = make_ball(self.threat, self.examples.low, self.examples.high)
        if name == "square":
            return Square(name, ball, QUERIES)
        if name.split("-")[0] in STEPPED_ATTACKS:
            return stepped_attack(AttackName.parse(name), ball)
        return make_part(name, ball, self.examples.classes, Effort(targets=_TARGETS))

    def _fallen(self, attack: Attack, climbed: nn.Module, chosen: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        images, labels = self.examples.images[chosen], self.examples.labels[chosen]
        adversarial = attack.perturb(climbed, images, labels, generator)
        with torch.no_grad():
            answers: Tensor = self.model(adversarial).argmax(1)
        return torch.zeros_like(chosen).masked_scatter(chosen, answers != labels)


class Rescaled(nn.Module):
    """A model with the logits of each image divided by their standard deviation, which counts as a constant."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) that rank as the model's do."""
        logits: Tensor = self.model(images)
        deviation = logits.detach().std(1, keepdim=True)
        return logits / deviation.clamp_min(torch.finfo(logits.dtype).tiny)
