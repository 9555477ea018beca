"""The updates of a training: SGD steps on an objective, by their number."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.accelerated import Accelerated
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.training.acceleration import Workload, accelerate
from rcnas_zoo.training.averaging import Average
from rcnas_zoo.training.batches import Batch, Batches
from rcnas_zoo.training.constraint import Constraint
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.objectives import Objective, make_objective
from rcnas_zoo.training.perturbation import perturbed, same_buffers, set_buffers
from rcnas_zoo.training.schedules import learning_rate
from rcnas_zoo.training.sgd import Sgd


@dataclass
class Updates:
    """All that the updates of one training need.

    Attributes:
        network: the model as it is run; changed in place.
        batches: of the training split, on the model's device; their recipe is that of the training.
        objective: the loss.
        descent: over the model's parameters.
        average: of the model's weights.
        host: who shares the batches and who is told.
        parts: pieces that a batch is worked off in; grows when the memory is too small for all of it.
        constraint: adds its penalty to every loss, if there is one.
    """

    network: Accelerated
    batches: Batches
    objective: Objective
    descent: Sgd
    average: Average
    host: Host
    parts: int = 1
    constraint: Constraint | None = None

    @classmethod
    def of(cls, model: nn.Module, batches: Batches, host: Host, constraint: Constraint | None = None) -> "Updates":
        """The updates of a fresh training by the recipe of the batches."""
        recipe = batches.recipe
        # The sums over a team in the middle of a pass cannot be compiled.
        compile = host.compile if host.team.size == 1 else "off"
        network = accelerate(model, Workload(recipe, len(batches.labels), host.device), compile)
        objective = make_objective(recipe, batches.low, batches.high)
        average = Average.of(model, recipe.weight_average)
        descent = Sgd.of(model, recipe)
        return cls(network, batches, objective, descent, average, host, constraint=constraint)

    @property
    def total(self) -> int:
        """Updates of the whole training."""
        return self.batches.recipe.epochs * len(self.batches)

    def run(self, update: int) -> Tensor:
        """Does update ``update`` (from 0) and returns its mean loss over the whole batch, on the device."""
        batch = self.batches.batch(update)
        while (found := self._attempt(update, batch)) is None:
            # Here no traceback holds on to what has filled the memory.
            if self.host.device.type == "cuda":
                torch.cuda.empty_cache()
        loss, gradients = found
        self.descent.descend(gradients, self.rate(update))
        self.average.update(self.network.model, update + 1)
        return loss

    def rate(self, update: int) -> float:
        """The learning rate of an update."""
        return learning_rate(self.batches.recipe, update, self.total)

    def _attempt(self, update: int, batch: Batch) -> tuple[Tensor, list[Tensor]] | None:
        """Loss and gradients; None, with the network as before and the batch in more parts, if memory ran out."""
        before = [buffer.clone() for buffer in self.network.buffers()]
        try:
            return self._gradients(update, batch)
        except RuntimeError as error:
            self._split_further(error, len(batch.labels))
        set_buffers(self.network, before)
        return None

    def _gradients(self, update: int, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        crafted = [(part, self.objective.craft(self.network, part)) for part in batch.parts(self.parts)]
        recipe = self.batches.recipe
        if not recipe.weight_perturbation or update < recipe.perturbation_start * self.total:
            return self._descent(crafted)
        with same_buffers(self.network):
            _, ascent = self._descent(crafted)
        with perturbed(self.descent.parameters, ascent, recipe.weight_perturbation):
            return self._descent(crafted)

    def _descent(self, crafted: Sequence[tuple[Batch, Tensor]]) -> tuple[Tensor, list[Tensor]]:
        """Mean loss over the whole batch and its gradients, summed over parts and processes; the penalty comes once."""
        total = torch.zeros((), device=self.batches.labels.device)
        sums: list[Tensor] = []
        for part, adversarial in crafted:
            loss = part.share * self.objective.loss(self.network, part, adversarial)
            if self.constraint is not None and not sums and self.host.team.leads:
                loss = loss + self.constraint.penalty()
            gradients = self.descent.gradients(loss)
            sums = [a.add_(b) for a, b in zip(sums, gradients, strict=True)] if sums else gradients
            total += loss.detach()
        self.host.team.add([total, *sums])
        return total, sums

    def _split_further(self, error: RuntimeError, images: int) -> None:
        """Doubles the parts after running out of memory; any other error, or one with no way out, goes on its way."""
        if not _is_out_of_memory(error):
            raise error
        if self.host.team.size > 1 or self.parts >= images:
            raise Unavailable(
                f"a batch must fit into memory, {images} images in {self.parts} parts do not: {error}; "
                "take a smaller batch size or network"
            ) from error
        self.parts = min(2 * self.parts, images)
        self.host.observer.warning(
            f"{self.host.label}: out of memory; each batch is now worked off in {self.parts} parts, "
            "whose gradients are added; batch normalisation sees one part at a time"
        )


_NO_MEMORY = ("can't allocate memory", "std::bad_alloc", "CUBLAS_STATUS_ALLOC_FAILED")


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY)
