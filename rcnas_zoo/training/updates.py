"""The updates of a training: SGD steps on an objective, one epoch at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.objectives import Objective, make_objective
from rcnas_zoo.training.schedules import learning_rate
from rcnas_zoo.training.sgd import Sgd


@dataclass(frozen=True)
class Updates:
    """All that the updates of one training need.

    Attributes:
        model: changed in place.
        batches: of the training split, on the model's device; their recipe is that of the training.
        objective: the loss.
        descent: over the model's parameters.
        generator: source of every random choice, on the model's device.
    """

    model: nn.Module
    batches: Batches
    objective: Objective
    descent: Sgd
    generator: torch.Generator

    @classmethod
    def of(cls, model: nn.Module, batches: Batches, seed: int) -> "Updates":
        """The updates of a fresh training by the recipe of the batches."""
        objective = make_objective(batches.recipe, batches.low, batches.high)
        generator = torch.Generator(batches.labels.device).manual_seed(seed)
        return cls(model, batches, objective, Sgd.of(model, batches.recipe), generator)

    @property
    def total(self) -> int:
        """Updates of the whole training."""
        return self.batches.recipe.epochs * len(self.batches)

    def run_epoch(self, epoch: int, on_update: Callable[[int, int], None]) -> float:
        """Trains for epoch ``epoch`` (from 1) and returns the mean loss of its updates.

        ``on_update`` is told, after each one, the updates done in all and the epoch. The loss is read once an epoch,
        for reading it makes an accelerator wait.
        """
        self.model.train()
        total = torch.zeros((), device=self.batches.labels.device)
        first = (epoch - 1) * len(self.batches)
        for step, (images, labels) in enumerate(self.batches.epoch(self.generator), first):
            total += self._update(step, images, labels)
            on_update(step + 1, epoch)
        return total.item() / len(self.batches)

    def rate_after(self, epoch: int) -> float:
        """The learning rate of the last update of an epoch."""
        return learning_rate(self.batches.recipe, epoch * len(self.batches) - 1, self.total)

    def _update(self, step: int, images: Tensor, labels: Tensor) -> Tensor:
        loss = self.objective.loss(self.model, images, labels, self.generator)
        self.descent.descend(loss, learning_rate(self.batches.recipe, step, self.total))
        return loss.detach()
