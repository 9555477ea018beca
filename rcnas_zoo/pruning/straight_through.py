"""Straight-through estimators: a mask is a step function of scores, and its gradient is passed on as if it were not."""

from typing import Any

import torch
from torch import Tensor


def kept_count(share: float, size: int) -> int:
    """How many of ``size`` numbers a share of them keeps: all but the lowest ``int((1 - share) size)``, as HYDRA."""
    return size - int((1 - share) * size)


def top_mask(magnitudes: Tensor, kept: int) -> Tensor:
    """1 where one of the ``kept`` largest magnitudes is, else 0, in their shape and type; the gradient is passed on.

    Of equal magnitudes, torch's choice counts; there are always exactly ``kept`` ones.

    Source: HYDRA (Sehwag et al. 2020), after the edge-popup of Ramanujan et al. (2020).
    """
    mask: Tensor = _TopMask.apply(magnitudes, kept)
    return mask


def shared_mask(magnitudes: Tensor, share: Tensor) -> Tensor:
    """The mask of the largest share of magnitudes, where the share (a scalar in (0, 1]) is learnt too.

    The gradient goes to the magnitudes as it comes, and to the share as its sum over the mask: one more kept weight
    would have added its entry.

    Source: HARP (Zhao and Wressnegger 2023).
    """
    mask: Tensor = _SharedMask.apply(magnitudes, share)
    return mask


class _TopMask(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, magnitudes: Tensor, kept: int) -> Tensor:
        return _mask(magnitudes, kept)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _SharedMask(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, magnitudes: Tensor, share: Tensor) -> Tensor:
        return _mask(magnitudes, max(1, kept_count(float(share), magnitudes.numel())))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return gradient, gradient.sum()


def _mask(magnitudes: Tensor, kept: int) -> Tensor:
    flat = torch.zeros(magnitudes.numel(), dtype=magnitudes.dtype, device=magnitudes.device)
    flat[magnitudes.flatten().topk(kept, sorted=False).indices] = 1
    return flat.view(magnitudes.shape)
