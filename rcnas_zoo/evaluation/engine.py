"""What computes the gradients of an attack: the network itself, or a quicker copy of it."""

import copy

import torch
from torch import nn

from rcnas_zoo.networks.accelerated import Accelerated, keep_freed_memory
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.network import NetworkSpec

QUICKER_FROM_MACS = 20_000_000
"""Smaller networks are bound by the overhead of each operation, which a copy in bfloat16 only adds to."""


def quick_copy(model: nn.Module, device: torch.device) -> Accelerated | None:
    """A copy for gradients: channels last, in bfloat16 where the device has it; None where it would not pay.

    A fixed rule of the network's MACs and the device, no timing, so that the same machine always attacks the same way.
    Only networks with a spec get one, for of another nobody knows what a copy of it would share with the original.
    """
    if not _is_worth_it(model):
        return None
    if device.type == "cpu":
        keep_freed_memory()
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    return Accelerated(twin, gradient_precision(model, device), compiled=False)


def gradient_precision(model: nn.Module, device: torch.device) -> str:
    """``bfloat16`` or ``float32``: what gradients are computed in, by the same rule."""
    return "bfloat16" if _is_worth_it(model) and has_bfloat16(device) else "float32"


def _is_worth_it(model: nn.Module) -> bool:
    spec = getattr(model, "spec", None)
    return isinstance(spec, NetworkSpec) and nominal_cost(spec).macs >= QUICKER_FROM_MACS


def has_bfloat16(device: torch.device) -> bool:
    """Whether products of bfloat16 matrices are quicker than those of float32 there."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # torch has no public question for a processor; where it has none at all, float32 is right, only slower.
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in questions)
