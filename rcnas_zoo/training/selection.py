"""Which epoch's weights to keep: measured on the evaluation split, never on the test split.

The RobustResNet code picks the best epoch on the test set, which makes its numbers optimistic; here a split held out of
the training data decides.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import batch_count, to_range, value_range


@dataclass(frozen=True)
class Selection:
    """Measures a network after an epoch, with the same images and the same random start of the attack every time.

    Attributes:
        images: the evaluation split, float (N, C, H, W) in the model's value range.
        labels: int64 (N,).
        recipe: which attack, which epochs.
        seed: of the attack.
    """

    images: Tensor
    labels: Tensor
    recipe: TrainingRecipe
    seed: int

    @classmethod
    def of(
        cls, split: Images, recipe: TrainingRecipe, model: nn.Module, seed: int, device: torch.device
    ) -> "Selection":
        """The selection on a split, on a device."""
        images = to_range(split.images.to(device), split.levels, *value_range(model))
        return cls(images, split.labels.to(device), recipe, seed)

    def has_finite_logits(self, model: nn.Module, parts: int = 1) -> bool:
        """Whether the network puts out numbers in eval mode; with large finite weights it may not."""
        batches = self.images.tensor_split(batch_count(len(self.images), self._at_once(parts)))
        with untouched(model), torch.no_grad():
            return all(bool(model(images).isfinite().all()) for images in batches)

    def _at_once(self, parts: int) -> int:
        return -(-self.recipe.batch_size // parts)

    def considers(self, epoch: int) -> bool:
        """Whether epoch ``epoch`` (from 1) may be the best: one after the start, or the last whatever the start."""
        recipe = self.recipe
        started = epoch > recipe.selection_start * recipe.epochs or epoch == recipe.epochs
        return recipe.selection_attack != "none" and started

    def measure(self, model: nn.Module, epoch: int, parts: int = 1, required: bool = False) -> dict[str, float]:
        """``clean_accuracy`` and ``robust_accuracy`` in [0, 1] after an epoch that may be the best; else empty.

        Args:
            model: the network.
            epoch: its number, from 1.
            parts: pieces that a batch of the recipe is worked off in, for want of memory; the attack takes such too.
            required: whether it is measured in any case, with PGD-10 if the recipe names no attack.

        Raises:
            NotFinite: the attack finds images for which the network puts out no numbers.
        """
        recipe = self.recipe
        if not (required or self.considers(epoch)):
            return {}
        report = evaluate(
            model,
            self.images,
            self.labels,
            attacks=["pgd-10" if recipe.selection_attack == "none" else recipe.selection_attack],
            threat=recipe.threat,
            seed=self.seed,
            batch_size=self._at_once(parts) if parts > 1 else None,
        )
        return {"clean_accuracy": report.clean_accuracy, "robust_accuracy": report.robust_accuracy}
