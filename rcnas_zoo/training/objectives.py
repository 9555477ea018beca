"""What a training minimises: clean cross-entropy, SAT or TRADES, behind one contract.

Batch normalisation: the inner attack runs in eval mode, the update in train mode. TRADES makes one natural and one
adversarial forward pass of the update, so the running statistics see natural and adversarial batches 1:1 (as in the
RobustResNet code; the TRADES authors' script forwards the natural batch twice, 2:1, for the same loss).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.inner import InnerAttack


class Objective(Protocol):
    """A training loss."""

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """The scalar loss of a batch, with a graph to the parameters.

        Args:
            model: in train mode; flags and gradients are as before afterwards, running statistics are updated.
            images: (N, C, H, W) float in the model's value range.
            labels: (N,) int64.
            generator: source of the inner attack's start, on the device of the images.
        """


@dataclass(frozen=True)
class Clean:
    """Cross-entropy on the images as they are."""

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """See `Objective.loss`."""
        return F.cross_entropy(model(images), labels)


@dataclass(frozen=True)
class Sat:
    """Standard adversarial training (Madry et al. 2018): cross-entropy on adversarial images only."""

    attack: InnerAttack

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """See `Objective.loss`."""
        with untouched(model):
            adversarial = self.attack.maximise(model, images, labels, generator)
        return F.cross_entropy(model(adversarial), labels)


@dataclass(frozen=True)
class Trades:
    """TRADES (Zhang et al. 2019, Eq. 5): CE(p(x), y) + beta KL(p(x) || p(x')) / N, gradients through both.

    The attack ascends the same KL without labels.
    """

    attack: InnerAttack
    beta: float

    def loss(self, model: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """See `Objective.loss`."""
        with untouched(model):
            probabilities = model(images).softmax(1)
            adversarial = self.attack.maximise(model, images, probabilities, generator)
        logits = model(images)
        return F.cross_entropy(logits, labels) + self.beta * divergence(logits, model(adversarial))


def divergence(logits: Tensor, others: Tensor) -> Tensor:
    """KL(softmax(logits) || softmax(others)), averaged over the batch; both (N, classes)."""
    return F.kl_div(others.log_softmax(1), logits.log_softmax(1), reduction="batchmean", log_target=True)


def make_objective(recipe: TrainingRecipe, low: float, high: float) -> Objective:
    """The objective of a recipe, for inputs with values in [low, high]."""
    if recipe.objective == "clean":
        return Clean()
    radius = make_ball(ThreatModel.parse(recipe.threat), low, high).radius
    attack = InnerAttack(radius, recipe.attack_step_size * radius, recipe.attack_steps, recipe.attack_start, low, high)
    return Sat(attack) if recipe.objective == "sat" else Trades(attack, recipe.beta)
