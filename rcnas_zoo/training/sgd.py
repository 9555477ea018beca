"""Stochastic gradient descent with momentum.

The rule is that of ``torch.optim.SGD``, which is not used because its first construction loads torch's compiler: about
four core-seconds in every process, half of what a whole candidate on digits costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.spec.recipe import TrainingRecipe


@dataclass(frozen=True)
class Sgd:
    """v = momentum v + g with g = gradient + weight_decay w; then w = w - rate v, or rate (g + momentum v) if nesterov.

    A parameter with gradient zero, such as one that the loss does not use, only decays.

    Attributes:
        parameters: what is trained.
        velocities: one v a parameter, zero at first; changed in place.
        recipe: momentum, Nesterov, weight decay (on all parameters, as in the RobustResNet code) and gradient clip.
    """

    parameters: tuple[nn.Parameter, ...]
    velocities: tuple[Tensor, ...]
    recipe: TrainingRecipe

    @classmethod
    def of(cls, model: nn.Module, recipe: TrainingRecipe) -> "Sgd":
        """The descent over the parameters of a model that ask for gradients."""
        parameters = tuple(parameter for parameter in model.parameters() if parameter.requires_grad)
        return cls(parameters, tuple(torch.zeros_like(parameter) for parameter in parameters), recipe)

    @torch.no_grad()
    def descend(self, gradients: Sequence[Tensor], rate: float) -> None:
        """One step against the gradients of the parameters, the norm of all of them together clipped first."""
        momentum, decay = self.recipe.momentum, self.recipe.weight_decay
        for parameter, velocity, gradient in zip(
            self.parameters, self.velocities, self._clipped(gradients), strict=True
        ):
            gradient = gradient.add(parameter, alpha=decay)
            velocity.mul_(momentum).add_(gradient)
            step = gradient.add_(velocity, alpha=momentum) if self.recipe.nesterov else velocity
            parameter.sub_(step, alpha=rate)

    def gradients(self, loss: Tensor) -> list[Tensor]:
        """The gradient of a loss to each parameter; zero where the loss does not use it."""
        return list(torch.autograd.grad(loss, self.parameters, materialize_grads=True))

    def _clipped(self, gradients: Sequence[Tensor]) -> Sequence[Tensor]:
        if not self.recipe.gradient_clip:
            return gradients
        norm = nn.utils.get_total_norm(gradients)
        # The same small number as in torch; kept on the device, for reading the norm makes an accelerator wait.
        scale = (self.recipe.gradient_clip / (norm + 1e-6)).clamp(max=1.0)
        return [gradient * scale for gradient in gradients]
