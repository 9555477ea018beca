"""From an entry to a network: everything is checked on every load."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.networks.masks import check_mask
from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.zoo.canary import check_canary
from rcnas_zoo.zoo.entry import CANARY, WEIGHTS, Entry, read_entry
from rcnas_zoo.zoo.precision import widened


def load_model(entry: Entry | Path | str, device: torch.device | str = "cpu") -> nn.Module:
    """The network of an entry with its weights, in eval mode: (N, C, H, W) in the spec's range -> logits (N, classes).

    Args:
        entry: an entry or its folder; its files are read and hashed again.
        device: where the network goes after the canary was compared on the CPU, such as ``auto`` or ``cuda:0``.

    Raises:
        NotFound: no such folder, or an architecture without weights.
        InvalidInput: the folder is no entry, or an unknown device.
        Unavailable: a device that this machine does not have.
        IntegrityError: a hash, tensor or canary does not match, or a weight is not finite.
    """
    found = read_entry(entry.folder if isinstance(entry, Entry) else entry)
    check_has_weights(found)
    state = read_weights(found.folder, found.record.weights_dtype)
    check_finite(state)
    model = fitted_model(found.spec, state)
    check_canary(model, found.spec, read_tensors(found.folder / CANARY))
    return model.to(pick_device(device) if isinstance(device, str) else device)


def check_has_weights(entry: Entry) -> None:
    """The entry is more than an architecture."""
    if not entry.has_weights:
        name = entry.record.name
        raise NotFound(
            f"{name} must have weights to be loaded, but it is an architecture alone; "
            f"train it with: rcnas-zoo train {name} --dataset D"
        )


def fitted_model(spec: NetworkSpec, state: Mapping[str, Tensor]) -> nn.Module:
    """The network of a spec, in eval mode, with a state that must fit it tensor by tensor.

    Raises:
        IntegrityError: a tensor is missing, unexpected, or of another shape or type, or its zeros are not those of the
            spec's mask.
    """
    # Asked before building, so that a forged spec cannot make a machine run out of memory.
    held, needed = sum(tensor.numel() for tensor in state.values()), nominal_cost(spec).parameters
    if held < needed:
        raise IntegrityError(f"weights must hold the {needed} parameters of their spec, got {held} numbers")
    model = build(spec)
    _check_fit(model.state_dict(), state)
    check_mask(spec, state)
    model.load_state_dict(dict(state), strict=True)
    return model.eval()


def check_finite(state: Mapping[str, Tensor]) -> None:
    """No tensor of the state holds NaN or infinity."""
    for name, tensor in state.items():
        if not tensor.isfinite().all():
            kind = "NaN" if tensor.isnan().any() else "infinity"
            raise IntegrityError(f"weights must be finite, but these weights hold {kind} in tensor {name!r}")


def read_weights(folder: Path, dtype: str) -> dict[str, Tensor]:
    """The weights in an entry's folder, their floats in float32, whatever type its record says they are stored in.

    Raises:
        NotFound: they are absent.
        IntegrityError: the file is truncated or damaged, or holds another type than ``dtype``.
    """
    return widened(read_tensors(folder / WEIGHTS), dtype)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, on the CPU.

    Raises:
        NotFound: no such file.
        IntegrityError: the file is truncated or damaged.
    """
    try:
        return load_file(path)
    except FileNotFoundError as error:
        raise NotFound(
            f"{path.name} must be in {str(path.parent)!r}, but it is absent; pull the entry again"
        ) from error
    except (SafetensorError, OSError, ValueError) as error:
        raise IntegrityError(f"{path.name} must be a whole safetensors file: {error}; pull the entry again") from error


def _check_fit(expected: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> None:
    for name, tensor in expected.items():
        if name not in state:
            raise IntegrityError(f"weights must fit their spec: tensor {name!r} is missing")
        _check_tensor(name, tensor, state[name])
    for name in state:
        if name not in expected:
            raise IntegrityError(f"weights must fit their spec: tensor {name!r} is unexpected")


def _check_tensor(name: str, expected: Tensor, tensor: Tensor) -> None:
    wanted, got = (f"{tuple(t.shape)} {str(t.dtype).removeprefix('torch.')}" for t in (expected, tensor))
    if wanted != got:
        raise IntegrityError(f"weights must fit their spec: tensor {name!r} must be {wanted}, got {got}")
