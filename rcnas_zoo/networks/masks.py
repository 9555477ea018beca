"""Masks of unstructured pruning, which lie in the weights themselves: a weight was kept if it is not zero."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import numpy as np
from torch import Tensor

from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec, per_layer


def kept_weights(state: Mapping[str, Tensor], layers: Iterable[str]) -> KeptWeights:
    """What the zeros of a state dict say was kept of these layers.

    The mask's hash is taken over the layers in the order of their names: for each the bits of its weight in row-major
    order, 1 for a weight that is not zero, eight a byte from the highest bit, the last byte filled with zeros.
    """
    masks = {name: (state[f"{name}.weight"] != 0).cpu().numpy().reshape(-1) for name in sorted(layers)}
    hasher = sha256()
    for mask in masks.values():
        hasher.update(np.packbits(mask).tobytes())
    return KeptWeights(per_layer({name: int(mask.sum()) for name, mask in masks.items()}), hasher.hexdigest())


def check_mask(spec: NetworkSpec, state: Mapping[str, Tensor]) -> None:
    """The zeros of a state dict that fits the spec are those that the spec tells of; nothing to check of other kinds.

    Raises:
        IntegrityError: they are others.
    """
    if not (isinstance(spec, PrunedSpec) and isinstance(spec.kept, KeptWeights)):
        return
    found = kept_weights(state, dict(spec.kept.layers))
    for (name, wanted), (_, number) in zip(spec.kept.layers, found.layers, strict=True):
        if number != wanted:
            raise IntegrityError(f"weights must have {wanted} that are not zero in layer {name!r}, got {number}")
    if found.mask != spec.kept.mask:
        raise IntegrityError(f"the zeros of the weights must match the mask {spec.kept.mask}, got {found.mask}")
