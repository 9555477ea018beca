"""How a network is run while it is trained: quicker than it stands, and the same for what it computes."""

import ctypes
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.recipe import TrainingRecipe

COMPILE = ("auto", "on", "off")
# Compiling takes about a minute and saves about a tenth on a processor (docs/benchmarks.md), and most of the launches
# on a graphics card: operations from which it pays.
PAYS_BACK_CPU = {"float32": 2e14, "bfloat16": 5e14}
PAYS_BACK_CUDA = 5e16
VERSIONS = 64


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
        self._run: Callable[[Tensor], Tensor] = _compiled(self.model) if compiled else self.model.__call__

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes), float32, of images (N, C, H, W)."""
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            return self._run(images).float()


@dataclass(frozen=True)
class Workload:
    """What a training will compute.

    Attributes:
        recipe: its objective, steps and epochs.
        images: images of one epoch.
        device: where.
    """

    recipe: TrainingRecipe
    images: int
    device: torch.device

    def operations(self, model: nn.Module) -> float:
        """Floating-point operations in all; 0 for a network without a spec, whose cost is not known.

        A forward pass takes 2 operations a MAC, a gradient to the images or to the weights 2 more each.
        """
        spec = getattr(model, "spec", None)
        if spec is None:
            return 0.0
        ascent = 0 if self.recipe.objective == "clean" else 4 * self.recipe.attack_steps
        descent = 12 if self.recipe.objective in ("trades", "mart") else 6
        return float(cost(spec).macs * (ascent + descent) * self.images * self.recipe.epochs)


def accelerate(model: nn.Module, workload: Workload, compile: str) -> Accelerated:
    """The network as a training runs it. ``compile`` is ``on``, ``off``, or ``auto``: where it pays back."""
    wanted = compile == "on" or (compile == "auto" and _pays_back(model, workload))
    if workload.device.type == "cpu":
        keep_freed_memory()
    return Accelerated(model, workload.recipe.precision, wanted and _compiler_works(workload.device))


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


def _pays_back(model: nn.Module, workload: Workload) -> bool:
    limit = PAYS_BACK_CUDA if workload.device.type == "cuda" else PAYS_BACK_CPU[workload.recipe.precision]
    return workload.operations(model) >= limit


@cache
def _compiler_works(device: torch.device) -> bool:
    """Whether torch can compile for a device here: it needs a C++ compiler or Triton, which not every machine has."""
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it tells that there is no CUDA
    try:
        torch.compile(_twice)(torch.ones(2, device=device, requires_grad=True)).sum().backward()  # type: ignore[no-untyped-call]
    except Exception:  # whatever the compiler's trouble is, the network runs without it
        return False
    return True


def _twice(value: Tensor) -> Tensor:
    return 2 * value


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
