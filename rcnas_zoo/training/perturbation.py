"""Adversarial weight perturbation (Wu et al. 2020): the loss is taken where the weights are at their worst nearby."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def perturbed(parameters: Sequence[nn.Parameter], ascent: Sequence[Tensor], size: float) -> Iterator[None]:
    """Within: each weight w of more than one dimension is moved to w + size |w| g / |g| (Eqs. 8 to 10, one step).

    As in the authors' code, normalisation and biases stay, for they have one dimension. At the end the weights are
    bitwise as before.

    Args:
        parameters: what may be moved.
        ascent: the gradient g of the loss for each, same shapes.
        size: gamma of the paper; 0.005 for TRADES and 0.01 for SAT in its experiments.
    """
    moved = [(weight, gradient) for weight, gradient in zip(parameters, ascent, strict=True) if weight.dim() > 1]
    before = [weight.detach().clone() for weight, _ in moved]
    with torch.no_grad():
        for weight, gradient in moved:
            weight.add_(gradient * (size * weight.norm() / (gradient.norm() + 1e-20)))
    try:
        yield
    finally:
        with torch.no_grad():
            for (weight, _), kept in zip(moved, before, strict=True):
                weight.copy_(kept)


@contextmanager
def same_buffers(model: nn.Module) -> Iterator[None]:
    """Within, running statistics may move; at the end they are as before."""
    before = [buffer.clone() for buffer in model.buffers()]
    try:
        yield
    finally:
        set_buffers(model, before)


@torch.no_grad()
def set_buffers(model: nn.Module, values: Sequence[Tensor]) -> None:
    """Gives each buffer its value, in the model's own order."""
    for buffer, value in zip(model.buffers(), values, strict=True):
        buffer.copy_(value)
