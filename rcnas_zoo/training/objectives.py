"""What a training minimises, behind one contract: an inner attack, a loss, and what batch normalisation sees.

The inner attack runs in eval mode unless the recipe says otherwise, the loss in train mode. TRADES and MART make one
natural and one adversarial forward pass, so the running statistics see natural and adversarial batches 1:1 (as in the
RobustResNet code); `_pair` has the other ways.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batch
from rcnas_zoo.training.inner import InnerAttack


class Objective(Protocol):
    """A training loss. The two steps are apart because weight perturbation takes the second one twice."""

    def craft(self, model: nn.Module, batch: Batch) -> Tensor:
        """What the loss sees beside the images: adversarial ones (n, C, H, W) in the value range, without a graph."""

    def loss(self, model: nn.Module, batch: Batch, adversarial: Tensor) -> Tensor:
        """The scalar mean loss of a batch, with a graph to the parameters.

        Args:
            model: in train mode; its running statistics are updated.
            batch: float images in the model's value range with their labels.
            adversarial: what `craft` gave for this batch.
        """


@dataclass(frozen=True)
class Clean:
    """Cross-entropy on the images as they are."""

    smoothing: float = 0.0

    def craft(self, model: nn.Module, batch: Batch) -> Tensor:
        """The images themselves."""
        return batch.images

    def loss(self, model: nn.Module, batch: Batch, adversarial: Tensor) -> Tensor:
        """See `Objective.loss`."""
        return F.cross_entropy(model(adversarial), batch.labels, label_smoothing=self.smoothing)


@dataclass(frozen=True)
class Sat:
    """Standard adversarial training (Madry et al. 2018): cross-entropy on adversarial images only.

    With one step from a random start it is the fast training of Wong et al. (2020), or N-FGSM (de Jorge et al. 2022).
    """

    attack: InnerAttack
    smoothing: float = 0.0

    def craft(self, model: nn.Module, batch: Batch) -> Tensor:
        """See `Objective.craft`."""
        return self.attack.craft(model, batch)

    def loss(self, model: nn.Module, batch: Batch, adversarial: Tensor) -> Tensor:
        """See `Objective.loss`."""
        return F.cross_entropy(model(adversarial), batch.labels, label_smoothing=self.smoothing)


@dataclass(frozen=True)
class _Regularised:
    """A loss on natural images and a divergence from adversarial ones, weighted by ``beta``."""

    attack: InnerAttack
    beta: float
    statistics: str = "shared"
    smoothing: float = 0.0

    def craft(self, model: nn.Module, batch: Batch) -> Tensor:
        """See `Objective.craft`."""
        return self.attack.craft(model, batch)


@dataclass(frozen=True)
class Trades(_Regularised):
    """TRADES (Zhang et al. 2019, Eq. 5): CE(p(x), y) + beta KL(p(x) || p(x')) / n, gradients through both.

    Its own attack ascends the same KL without labels.
    """

    def loss(self, model: nn.Module, batch: Batch, adversarial: Tensor) -> Tensor:
        """See `Objective.loss`."""
        logits, attacked = _pair(model, batch.images, adversarial, self.statistics)
        natural = F.cross_entropy(logits, batch.labels, label_smoothing=self.smoothing)
        return natural + self.beta * divergences(logits, attacked).mean()


@dataclass(frozen=True)
class Mart(_Regularised):
    """MART (Wang et al. 2020, Eq. 10): BCE(p(x'), y) + beta mean[KL(p(x) || p(x')) (1 - p_y(x))].

    BCE is the cross-entropy plus -log(1 - the highest probability of another class). The small numbers that keep the
    logarithm and the weight from zero are those of the authors' code.
    """

    def loss(self, model: nn.Module, batch: Batch, adversarial: Tensor) -> Tensor:
        """See `Objective.loss`."""
        logits, attacked = _pair(model, batch.images, adversarial, self.statistics)
        boosted = F.cross_entropy(attacked, batch.labels, label_smoothing=self.smoothing) + _margin_term(
            attacked, batch
        )
        doubt = 1.0000001 - logits.softmax(1).gather(1, batch.labels[:, None])[:, 0]
        return boosted + self.beta * (divergences(logits, attacked) * doubt).mean()


def divergences(logits: Tensor, others: Tensor) -> Tensor:
    """KL(softmax(logits) || softmax(others)) of each row, (n,); both (n, classes)."""
    return F.kl_div(others.log_softmax(1), logits.log_softmax(1), reduction="none", log_target=True).sum(1)


def make_objective(recipe: TrainingRecipe, low: float, high: float) -> Objective:
    """The objective of a recipe, for inputs with values in [low, high]."""
    return _MAKERS[recipe.objective](recipe, low, high)


def _sat(recipe: TrainingRecipe, low: float, high: float) -> Objective:
    return Sat(InnerAttack.of(recipe, "pgd-ce", low, high), recipe.label_smoothing)


def _trades(recipe: TrainingRecipe, low: float, high: float) -> Objective:
    attack = InnerAttack.of(recipe, "pgd-kl", low, high)
    return Trades(attack, recipe.beta, recipe.bn_statistics, recipe.label_smoothing)


def _mart(recipe: TrainingRecipe, low: float, high: float) -> Objective:
    attack = InnerAttack.of(recipe, "pgd-ce", low, high)
    return Mart(attack, recipe.beta, recipe.bn_statistics, recipe.label_smoothing)


_MAKERS: dict[str, Callable[[TrainingRecipe, float, float], Objective]] = {
    "clean": lambda recipe, low, high: Clean(recipe.label_smoothing),
    "fast": _sat,
    "sat": _sat,
    "trades": _trades,
    "mart": _mart,
}


def _margin_term(logits: Tensor, batch: Batch) -> Tensor:
    others = logits.softmax(1).scatter(1, batch.labels[:, None], 0.0)
    return -(1.0001 - others.amax(1) + 1e-12).log().mean()


def _pair(model: nn.Module, images: Tensor, adversarial: Tensor, statistics: str) -> tuple[Tensor, Tensor]:
    """Train-mode logits of natural and adversarial images.

    Of the natural ones, the running statistics hear once, not at all, or (``twice``) again at the end.
    """
    with _still_statistics(model) if statistics == "adversarial" else nullcontext():
        logits: Tensor = model(images)
    attacked: Tensor = model(adversarial)
    if statistics == "twice":
        with torch.no_grad():
            model(images)
    return logits, attacked


@contextmanager
def _still_statistics(model: nn.Module) -> Iterator[None]:
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
