"""Weights that are stored in float16, and computed with in float32.

Rounding them is not for the zoo: it would change a network that was measured.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.record import FLOAT16


def narrowed(state: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    """A state as a record of this ``weights_dtype`` stores it; whole numbers stay as they are.

    Raises:
        IntegrityError: a number that the type does not hold exactly.
    """
    if dtype != FLOAT16:
        return dict(state)
    stored = {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    for name, tensor in stored.items():
        if not torch.equal(tensor.to(state[name].dtype), state[name]):
            raise IntegrityError(
                f"weights to store in float16 must be numbers that it holds, those of {name!r} are not; "
                "round them before the network is measured, or store them in float32"
            )
    return stored


def widened(state: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    """A state stored under this ``weights_dtype`` as the network takes it, its floats in float32.

    Raises:
        IntegrityError: a float of another type than the record announces.
    """
    if dtype != FLOAT16:
        return dict(state)
    for name, tensor in state.items():
        if tensor.is_floating_point() and tensor.dtype != torch.float16:
            found = str(tensor.dtype).removeprefix("torch.")
            raise IntegrityError(f"weights must be float16, as their record says, got {found} in tensor {name!r}")
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}
