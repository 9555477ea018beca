"""Is the model one function of one image? An attack that climbs, and a verdict that is to be repeated, need that."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.evaluation.inputs import Examples

_SAME = 1e-3
_SAME_AMONG_OTHERS = 1e-2
"""Shares of the spread of the logits. Convolutions of another batch size may be computed in another way."""
_NUDGE = 1e-4
"""Share of the value range: a fortieth of a step of 8-bit pixels."""
_JUMP = 0.25
_JUMPING_SHARE = 0.05


def constancy_flags(model: nn.Module, examples: Examples, generator: torch.Generator) -> Iterator[str]:
    """Flags of a model whose answer depends on more than the image: six forward passes.

    A flag ``answers-differ`` comes first and alone, for behind it nothing else can be told from chance.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`.
        examples: on the device of the model.
        generator: source of the order of the images and of the nudge, on the CPU.
    """
    images, width = examples.images, examples.high - examples.low
    state = [buffer.clone() for buffer in model.buffers()]
    first = _Answers.of(model, images)
    again = first.change(model, images)
    if (again > _SAME).any():
        yield f"answers-differ: {_told(again, _SAME)} when asked a second time"
        return
    order = torch.randperm(len(images), generator=generator).to(images.device)
    neighbours = torch.maximum(first.reordered(model, images, order), first.apart(model, images))
    if (neighbours > _SAME_AMONG_OTHERS).any():
        yield f"batch-dependent: {_told(neighbours, _SAME_AMONG_OTHERS)} with the other images of the batch"
    watched = first.watched(model, images)
    if (watched > _SAME_AMONG_OTHERS).any():
        yield f"attack-dependent: {_told(watched, _SAME_AMONG_OTHERS)} when a gradient is asked for"
    nudge = _NUDGE * width * (2 * torch.rand(images.shape, generator=generator) - 1)
    jump = first.change(model, (images + nudge.to(images.device)).clamp(examples.low, examples.high))
    if int((jump > _JUMP).sum()) > _JUMPING_SHARE * len(images):
        yield f"answers-jump: {_told(jump, _JUMP)} when the pixels change by {_NUDGE:g} of the value range"
    moved = sum(not torch.equal(old, new) for old, new in zip(state, model.buffers(), strict=True))
    if moved:
        yield f"state-changes: {moved} buffers of the model change when it is asked, so that their order counts"


@dataclass(frozen=True)
class _Answers:
    """Logits (N, classes), and for each image how far they lie from their mean at most: (N,)."""

    logits: Tensor
    spread: Tensor

    @classmethod
    def of(cls, model: nn.Module, images: Tensor) -> "_Answers":
        logits = _logits(model, images)
        spread = (logits - logits.mean(1, keepdim=True)).abs().amax(1)
        return cls(logits, spread.clamp_min(torch.finfo(logits.dtype).tiny))

    def change(self, model: nn.Module, images: Tensor) -> Tensor:
        """How much the logits change for these images, as a share of their spread: (N,)."""
        return self._share(_logits(model, images))

    def reordered(self, model: nn.Module, images: Tensor, order: Tensor) -> Tensor:
        return self._share(_logits(model, images[order])[order.argsort()])

    def apart(self, model: nn.Module, images: Tensor) -> Tensor:
        """The change where only a third of the images come at a time."""
        parts = torch.split(images, max(1, len(images) // 3))
        return self._share(torch.cat([_logits(model, part) for part in parts]))

    def watched(self, model: nn.Module, images: Tensor) -> Tensor:
        """The change where the images ask for a gradient."""
        logits: Tensor = model(images.clone().requires_grad_())
        return self._share(logits.detach())

    def _share(self, others: Tensor) -> Tensor:
        return (others - self.logits).abs().amax(1) / self.spread


@torch.no_grad()
def _logits(model: nn.Module, images: Tensor) -> Tensor:
    # A copy, for a model may know an image by the memory it lies in.
    logits: Tensor = model(images.clone())
    return logits


def _told(change: Tensor, limit: float) -> str:
    count = int((change > limit).sum())
    return f"{count} of {len(change)} images change their logits by up to {float(change.max()):.2g} of their spread"
