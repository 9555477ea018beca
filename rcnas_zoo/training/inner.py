"""The inner problem of adversarial training: a worst-case input near each image, by projected gradient ascent."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.attacks.apgd import apgd
from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.region import Box
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.batches import Batch

GAUSSIAN_START_SHARE = 0.001
NOISE_START_RADII = 2.0


@dataclass(frozen=True)
class InnerAttack:
    """Gradient ascent on cross-entropy inside an Linf ball.

    Attributes:
        method: ``pgd-ce`` (against the labels), ``pgd-kl`` (against the network's own clean prediction, as TRADES) or
            ``apgd-ce`` (Croce and Hein 2020; chooses its own steps).
        radius: of the ball, in input units.
        step_size: of one sign step, in input units.
        steps: number of steps.
        start: ``gaussian`` (image + 0.001 N(0, 1) on [0, 1], as in the TRADES code), ``uniform`` in the ball, or
            ``noise``: uniform in twice the radius, with no ball around it (N-FGSM, de Jorge et al. 2022).
        mode: ``eval`` or ``train``: batch normalisation during the ascent. In train mode the running statistics see
            the ascent's batches too, as in the code of Wong et al. (2020).
        low, high: value range of the input.
    """

    method: str
    radius: float
    step_size: float
    steps: int
    start: str
    mode: str = "eval"
    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, recipe: TrainingRecipe, own: str, low: float, high: float) -> "InnerAttack":
        """The attack of a recipe whose objective would take the method ``own``, for inputs in [low, high]."""
        radius = make_ball(ThreatModel.parse(recipe.threat), low, high).radius
        return cls(
            method=recipe.inner_attack or own,
            radius=radius,
            step_size=recipe.attack_step_size * radius,
            steps=recipe.attack_steps,
            start=recipe.attack_start,
            mode=recipe.attack_mode,
            low=low,
            high=high,
        )

    def craft(self, model: nn.Module, batch: Batch) -> Tensor:
        """Images (n, C, H, W) of high loss, inside ball and value range, without a graph.

        Modes, gradients and flags of the model are as before afterwards. Departure from the TRADES code: the start is
        projected too, so that the network never sees a value outside its range.
        """
        with untouched(model):
            model.train(self.mode == "train")
            targets = model(batch.images).softmax(1) if self.method == "pgd-kl" else batch.labels
            return self._ascend(model, batch, targets)

    def _ascend(self, model: nn.Module, batch: Batch, targets: Tensor) -> Tensor:
        """To fixed probabilities, cross-entropy differs from KL divergence by a constant: its ascent is TRADES'."""
        lower, upper = self._bounds(batch.images)
        start = torch.clamp(batch.images + self._offset(batch.noise), lower, upper)
        if self.method == "apgd-ce":
            loss = _Loss(model, targets)
            return apgd(lambda points: (*loss(points), None), start, Box(lower, upper), self.steps, 2 * self.radius)
        for _ in range(self.steps):
            _, gradient = _Loss(model, targets)(start)
            start.add_(gradient.sign_(), alpha=self.step_size).clamp_(lower, upper)
        return start

    def _bounds(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if self.start == "noise":
            return torch.full_like(images, self.low), torch.full_like(images, self.high)
        return (images - self.radius).clamp_(min=self.low), (images + self.radius).clamp_(max=self.high)

    def _offset(self, noise: Tensor) -> Tensor:
        if self.start == "gaussian":
            return noise * (GAUSSIAN_START_SHARE * (self.high - self.low))
        return noise * (self.radius * (NOISE_START_RADII if self.start == "noise" else 1.0))


@dataclass(frozen=True)
class _Loss:
    """Cross-entropy of each image and its gradient to the images; targets are labels (n,) or probabilities."""

    model: nn.Module
    targets: Tensor

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        point = images.detach().requires_grad_()
        losses = F.cross_entropy(self.model(point), self.targets, reduction="none")
        # Summed, not averaged: a mean only scales the gradient, and may underflow it.
        return losses.detach(), torch.autograd.grad(losses.sum(), point)[0]
