"""How a network is run while it is trained: quicker than it stands, and the same for what it computes."""

import logging
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.accelerated import Accelerated, keep_freed_memory
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.recipe import TrainingRecipe

COMPILE = ("auto", "on", "off")
# Compiling takes about a minute and saves about a tenth on a processor (docs/benchmarks.md), and most of the launches
# on a graphics card: operations from which it pays.
PAYS_BACK_CPU = {"float32": 2e14, "bfloat16": 5e14}
PAYS_BACK_CUDA = 5e16


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
        return float(nominal_cost(spec).macs * (ascent + descent) * self.images * self.recipe.epochs)


def accelerate(model: nn.Module, workload: Workload, compile: str) -> Accelerated:
    """The network as a training runs it. ``compile`` is ``on``, ``off``, or ``auto``: where it pays back."""
    wanted = compile == "on" or (compile == "auto" and _pays_back(model, workload))
    if workload.device.type == "cpu":
        keep_freed_memory()
    return Accelerated(model, workload.recipe.precision, wanted and _compiler_works(workload.device))


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
