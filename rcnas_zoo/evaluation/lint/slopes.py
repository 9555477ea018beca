"""Does the gradient say how the model changes? Held against differences, which ask for logits alone."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rcnas_zoo.evaluation.inputs import Examples

_DIRECTIONS = 4
_STEPS = (1e-3, 1e-2)
"""Shares of the value range: above the rounding of float32, below where a trained network bends. Rounding to 8 bits
behind a gradient that ignores it misleads over the shorter one alone, and harms no attack."""
_ERROR = 0.5
_WRONG_SHARE = 0.2


def slope_flags(model: nn.Module, examples: Examples, generator: torch.Generator) -> Iterator[str]:
    """A flag if gradients of the margin do not foretell its differences: one backward and sixteen forward passes.

    Rounding inside the model, a detached branch, and a backward pass that is not the one of the forward pass show here.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`; its outputs can be differentiated.
        examples: classified rightly, on the device of the model.
        generator: source of points near the images and of directions, on the CPU.
    """
    labels, width = examples.labels, examples.high - examples.low
    # Off the ends of the range, for a model may clip there, and off equal pixels, for their maximum has no slope.
    room, noise = max(_STEPS) * width, 2 * torch.rand(examples.images.shape, generator=generator) - 1
    centres = examples.images.clamp(examples.low + 2 * room, examples.high - 2 * room) + room * noise.to(labels.device)
    point = centres.clone().requires_grad_()
    logits: Tensor = model(point)
    rivals = logits.detach().scatter(1, labels[:, None], -torch.inf).argmax(1)
    gradient = torch.autograd.grad(_margins(logits, labels, rivals).sum(), point)[0].nan_to_num(0.0, 0.0, 0.0)
    wrong = torch.ones_like(labels, dtype=torch.bool)
    for step in _STEPS:
        errors = sizes = torch.zeros_like(gradient[:, 0, 0, 0])
        for _ in range(_DIRECTIONS):
            move = step * width * (2 * torch.randint(2, centres.shape, generator=generator) - 1).to(centres)
            with torch.no_grad():
                there, back = (_margins(model(centres + sign * move), labels, rivals) for sign in (1, -1))
            seen, foretold = there - back, 2 * (gradient * move).flatten(1).sum(1)
            errors, sizes = errors + (seen - foretold) ** 2, sizes + seen**2
        wrong &= errors > _ERROR * sizes
    if int(wrong.sum()) > _WRONG_SHARE * len(examples):
        yield (
            f"gradients-mislead: of {int(wrong.sum())} of {len(examples)} images the gradient does not foretell "
            f"how the margin changes within {_STEPS[0]:g} and {_STEPS[1]:g} of the value range"
        )


def _margins(logits: Tensor, labels: Tensor, rivals: Tensor) -> Tensor:
    return (logits.gather(1, labels[:, None]) - logits.gather(1, rivals[:, None]))[:, 0]
