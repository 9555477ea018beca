"""The middle layer of a network, and its output while the network runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.spec.errors import InvalidInput

_SEQUENCES = ("stages", "cells")
"""Attributes in which networks keep their parts in order."""


def middle_layer(model: nn.Module) -> nn.Module:
    """The layer after which half of a network is behind an image.

    It is the middle one of the outermost `stages` or `cells` (a sequence of modules; the second of three), else of the
    children, which are taken to run in their order. A child that holds all the parameters is looked into. Of an even
    number it is the earlier one.

    Raises:
        InvalidInput: the model has fewer than two children.
    """
    for module in model.modules():
        for name in _SEQUENCES:
            parts = getattr(module, name, None)
            if isinstance(parts, nn.Sequential | nn.ModuleList) and len(parts) > 1:
                return _middle(list(parts))
    children = list(_unwrapped(model).children())
    if len(children) < 2:
        raise InvalidInput(
            f"a model must have at least two child modules for an attack on its middle layer, {type(model).__name__} "
            f"has {len(children)}; attack it with pgd-20"
        )
    return _middle(children)


def _middle(layers: list[nn.Module]) -> nn.Module:
    return layers[(len(layers) - 1) // 2]


def _unwrapped(model: nn.Module) -> nn.Module:
    """What is left of a model without its wrappers, such as one that normalises images first."""
    while True:
        inner = [child for child in model.children() if next(child.parameters(), None) is not None]
        if len(inner) != 1 or next(model.parameters(recurse=False), None) is not None:
            return model
        if not any(True for _ in inner[0].children()):
            return model
        model = inner[0]


class Tap:
    """What a layer put out when the model last ran.

    Attributes:
        detached: whether what comes behind the layer starts from a leaf, so that nothing before it is differentiated.
    """

    def __init__(self, detached: bool) -> None:
        self.detached = detached
        self._output: Tensor | None = None

    def take(self) -> Tensor:
        """The output (n, ...) of the last run.

        Raises:
            InvalidInput: the layer did not run, or its output is no tensor.
        """
        if self._output is None:
            raise InvalidInput("the middle layer of a model must run and put out a tensor, it did not; attack with pgd")
        return self._output

    def __call__(self, _: nn.Module, __: Any, output: Any) -> Tensor | None:
        """The forward hook."""
        if not isinstance(output, Tensor):
            return None
        self._output = output.detach().requires_grad_() if self.detached else output
        # A layer that works in place may come next.
        return self._output.clone()


@contextmanager
def tapped(layer: nn.Module, detached: bool = False) -> Iterator[Tap]:
    """Listens to a layer; the layer is as it was afterwards, also after an error."""
    tap = Tap(detached)
    hook = layer.register_forward_hook(tap)
    try:
        yield tap
    finally:
        hook.remove()


def gradient(outputs: Tensor, inputs: Tensor) -> Tensor:
    """The gradient of a sum to a tensor, in its shape; what is not a number shows no direction and is 0.

    Raises:
        InvalidInput: the one does not depend on the other in a way that can be differentiated.
    """
    found = torch.autograd.grad(outputs.sum(), inputs, allow_unused=True)[0] if outputs.requires_grad else None
    if found is None:
        raise InvalidInput("the model must be differentiable for an attack by gradients; attack it with square")
    return found.nan_to_num(0.0, 0.0, 0.0)
