"""Weights that travel: float16, in parts, and back to a state dict in float32."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from benchmarks.gpu.chunks import Manifest, read_manifest, read_parts, write_parts
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.zoo.loading import check_finite, fitted_model

NAME = "weights.safetensors"
FOLDER = "weights"


def kept(state: Path) -> bool:
    """Whether a state folder holds the weights of a training that is done."""
    return (state / FOLDER / f"{NAME}.json").is_file()


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with its floats in float16; whole numbers stay.

    Raises:
        IntegrityError: a weight is too large for float16, or not finite.
    """
    found = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    for name, value in found.items():
        if not value.isfinite().all():
            raise IntegrityError(f"weights must be finite in float16, those of {name!r} are not; keep them in float32")
    return {name: value.cpu().contiguous() for name, value in found.items()}


def write_weights(state: Path, spec: NetworkSpec, weights: Mapping[str, Tensor], part_size: int) -> Manifest:
    """Keeps weights in a state folder, as they travel."""
    return write_parts(state / FOLDER, NAME, save(halved(weights)), part_size, {"spec": spec.to_dict()})


def join(folder: Path) -> tuple[NetworkSpec, dict[str, Tensor]]:
    """The network of the parts in a folder, and its state dict in float32, which fits it tensor by tensor.

    Raises:
        NotFound: the manifest or parts are missing.
        InvalidInput, IntegrityError: something is damaged, or the weights do not fit the network.
    """
    manifest = read_manifest(folder, NAME)
    spec = NetworkSpec.from_dict(manifest.facts.get("spec"))
    tensors = load(read_parts(folder, manifest))
    state = {name: value.float() if value.dtype == torch.float16 else value for name, value in tensors.items()}
    check_finite(state)
    fitted_model(spec, state)
    return spec, state
