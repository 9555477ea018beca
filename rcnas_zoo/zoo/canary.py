"""Canaries: fixed random images with the logits a network gave on them, compared on every load.

Hashes tell that the stored bytes are the same; the canary tells that the code of today still builds the same function
from them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rcnas_zoo.execution.threads import one_torch_thread
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.spec.network import NetworkSpec

# Two images are enough to notice another function, and keep a load quick: each costs one forward pass on one thread.
CANARY_IMAGES = 2
CANARY_SEED = 0

TOLERANCE = 1e-4
"""Largest difference, as a share of the largest logit. Not zero, for linear algebra libraries add up in another order
from machine to machine (about 1e-6 in a deep network); not large, for another activation or a swapped layer moves
logits by far more."""


def make_canary(model: nn.Module, spec: NetworkSpec) -> dict[str, Tensor]:
    """``images`` (n, C, H, W), uniform in the spec's input range, and the model's ``logits`` (n, classes) on them.

    Raises:
        IntegrityError: the logits are not finite.
    """
    generator = torch.Generator().manual_seed(CANARY_SEED)
    uniform = torch.rand(CANARY_IMAGES, *spec.input.shape, generator=generator, dtype=torch.float32)
    images = spec.input.low + (spec.input.high - spec.input.low) * uniform
    logits = _logits(model, images)
    if not logits.isfinite().all():
        raise IntegrityError("a network must give finite logits on random images; train it again")
    return {"images": images, "logits": logits}


def check_canary(model: nn.Module, spec: NetworkSpec, canary: Mapping[str, Tensor]) -> float:
    """The largest difference to the canary's logits, as a share of the largest of them.

    Raises:
        IntegrityError: the canary is not one of this spec, or the difference is above `TOLERANCE`.
    """
    _check_shapes(spec, canary)
    expected = canary["logits"]
    scale = max(float(expected.abs().max()), torch.finfo(torch.float32).tiny)
    difference = float((_logits(model, canary["images"]) - expected).abs().max()) / scale
    # Written so that NaN fails.
    if not difference <= TOLERANCE:
        raise IntegrityError(
            f"the canary's logits must come out again within {TOLERANCE:g} of the largest, got {difference:g}; "
            "the weights were made for another network or another version of this package"
        )
    return difference


def _check_shapes(spec: NetworkSpec, canary: Mapping[str, Tensor]) -> None:
    found = {name: (tuple(tensor.shape[1:]), tensor.dtype) for name, tensor in canary.items()}
    expected = {"images": (spec.input.shape, torch.float32), "logits": ((spec.classes,), torch.float32)}
    counts = {len(tensor) if tensor.ndim else 0 for tensor in canary.values()}
    if found != expected or len(counts) != 1 or counts == {0}:
        raise IntegrityError(f"a canary must hold float32 images and logits of its spec, got {found}")


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """Logits on the CPU in float32 with one thread, so that a machine repeats itself to the bit."""
    with torch.no_grad(), torch.autocast("cpu", enabled=False), one_torch_thread():
        logits: Tensor = model(images)
    return logits
