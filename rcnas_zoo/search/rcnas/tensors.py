"""Small tools for modules and named tensors: seeded weights, and flat dictionaries with prefixes."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from rcnas_zoo.spec.errors import InvalidInput

M = TypeVar("M", bound=nn.Module)


def unset(make: Callable[[], M]) -> M:
    """The module that ``make`` gives, its tensors not yet set; draws nothing from the global random state."""
    with torch.device("meta"):
        module = make()
    return module.to_empty(device="cpu")


def seeded(make: Callable[[], M], generator: torch.Generator) -> M:
    """The module that ``make`` gives, weights uniform in ``1 / sqrt(inputs)`` around 0, everything else 0."""
    module = unset(make)
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            tensor.zero_()
        for weight in module.parameters():
            if weight.dim() > 1:
                bound = weight.shape[1] ** -0.5
                weight.uniform_(-bound, bound, generator=generator)
    return module


def load(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Load all tensors of a module.

    Raises:
        InvalidInput: a name or shape does not fit, as after a change of the agent's sizes.
    """
    try:
        module.load_state_dict(dict(tensors))
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise InvalidInput(f"{what} must fit the agent's settings: {first}") from error


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of the tensors, named ``prefix.name``."""
    return {f"{prefix}.{name}": tensor.detach().clone() for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that stand under a prefix, named without it."""
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
