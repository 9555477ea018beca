"""A network that is run quicker than it stands, and computes the same."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

VERSIONS = 64
"""Versions of one network that may be compiled: shapes, modes, with gradients and without."""


class Accelerated(nn.Module):
    """The network, channels last, in the precision of the recipe, compiled or not; it shares all weights.

    Channels last and bfloat16 change the order and rounding of sums, nothing else. Logits are float32.

    Attributes:
        model: the network; its weights are brought into the channels-last format.
        precision: ``float32`` or ``bfloat16``.
        compiled: whether the network runs compiled.
    """

    def __init__(self, model: nn.Module, precision: str, compiled: bool) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.precision = precision
        self.compiled = compiled
        self.train(model.training)
        self._run: Callable[[Tensor], Tensor] = _compiled(self.model) if compiled else self.model.__call__

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes), float32, of images (N, C, H, W)."""
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self._run(images).float()


def _compiled(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The network, compiled for every shape and mode that a training has.

    What was compiled before is forgotten, and the limit is raised: torch counts the versions of a piece of code, which
    all networks share, and runs it uncompiled beyond eight, without an error.
    """
    torch.compiler.reset()
    torch._dynamo.config.recompile_limit = VERSIONS

    # A function of our own, for torch does not compile a frame of its own modules (nn.Sequential).
    def run(images: Tensor) -> Tensor:
        logits: Tensor = model(images)
        return logits

    return torch.compile(run, dynamic=False)


@cache
def keep_freed_memory() -> None:
    """Lets this process keep the memory of freed tensors for the next ones (glibc; elsewhere nothing happens).

    glibc gives blocks of more than 32 MB back to the system at once, and smaller ones when they lie at the top. A
    training asks for the same blocks again in every step, and then pays for each page anew: up to a fifth of a step.
    """
    if not sys.platform.startswith("linux"):
        return
    libc: Any = ctypes.CDLL(None)
    for option, value in _MALLOC_OPTIONS.items():
        if hasattr(libc, "mallopt"):
            libc.mallopt(option, value)


_MALLOC_OPTIONS = {-3: 1 << 30, -1: (1 << 31) - 1}
"""M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h, in bytes."""
