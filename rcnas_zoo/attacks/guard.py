"""A model is lent to an attack and comes back as it was."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Lends a model out: in eval mode, parameters frozen, gradients enabled for inputs, even inside ``no_grad``.

    At the end, also after an error, these are as they were: the global random states (torch with every CUDA device in
    use, numpy, Python), the training flag of each module, and ``requires_grad`` and ``.grad`` of each parameter.
    Within, float32 is float32 on a GPU too.
    """
    with _same_randomness(), _same_modes(model), _same_parameters(model), _whole_float32():
        model.eval()
        with torch.inference_mode(False), torch.enable_grad():
            yield


@contextmanager
def _same_randomness() -> Iterator[None]:
    python, array = random.getstate(), np.random.get_state()
    # A CUDA that nobody has used yet is not woken up: that would cost memory in every worker.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(array)


@contextmanager
def _whole_float32() -> Iterator[None]:
    """CUDA may round factors of convolutions to ten bits and still call it float32; a verdict must not hang on that."""
    allowed = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = allowed


@contextmanager
def _same_modes(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def _same_parameters(model: nn.Module) -> Iterator[None]:
    found = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    for parameter, _, _ in found:
        # Taken away, not only remembered: zero_grad may clear a gradient in place.
        parameter.requires_grad_(False).grad = None
    try:
        yield
    finally:
        for parameter, wanted, gradient in found:
            parameter.requires_grad_(wanted).grad = gradient
