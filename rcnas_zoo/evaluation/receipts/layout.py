"""How the codes of adversarial examples lie in bytes, arranged so that they compress well."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rcnas_zoo.evaluation.receipts.coarse import EXACT, VERTEX

Array = NDArray[Any]


def size_of(kind: int, values: int) -> int:
    """The bytes of so many values: a bit each for `VERTEX`, four bytes each for `EXACT`, else two."""
    return {VERTEX: (values + 7) // 8, EXACT: 4 * values}.get(kind, 2 * values)


def to_bytes(kind: int, values: Tensor) -> bytes:
    """The values of examples of one kind: codes int16, or for `EXACT` the float32 examples, of any shape."""
    flat = values.numpy().reshape(-1)
    if kind == VERTEX:
        return np.packbits(flat > 0).tobytes()
    if kind == EXACT:
        return _planes(flat.astype("<f4"))
    # The sign goes to the lowest bit, so that a small step of either direction has an empty high byte.
    return _planes(((flat << 1) ^ (flat >> 15)).astype("<u2"))


def from_bytes(kind: int, content: bytes, shape: tuple[int, ...]) -> Tensor:
    """What `to_bytes` was given, int16 or float32; bits come back as 0 and 1.

    Args:
        kind: of the examples.
        content: `size_of` bytes for a tensor of this shape.
        shape: of the tensor.
    """
    if kind == VERTEX:
        bits = np.unpackbits(np.frombuffer(content, np.uint8), count=int(np.prod(shape)))
        return torch.from_numpy(bits.astype(np.int16).reshape(shape))
    if kind == EXACT:
        return torch.from_numpy(_values(content, "<f4").astype(np.float32).reshape(shape))
    folded = _values(content, "<u2").astype(np.int32)
    return torch.from_numpy(((folded >> 1) ^ -(folded & 1)).astype(np.int16).reshape(shape))


def _planes(values: Array) -> bytes:
    """The first bytes of all values, then the second ones, and so on: alike beside alike."""
    return np.ascontiguousarray(values.view(np.uint8).reshape(-1, values.itemsize).T).tobytes()


def _values(content: bytes, dtype: str) -> Array:
    planes = np.frombuffer(content, np.uint8).reshape(np.dtype(dtype).itemsize, -1)
    return np.ascontiguousarray(planes.T).reshape(-1).view(dtype)
