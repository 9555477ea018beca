"""Receipts: the adversarial examples behind a robust accuracy, small enough to be kept with the network.

Whoever has the network and the images proves the number again with forward passes alone (see the module ``proof``).

A receipt is a safetensors file. Its metadata say what it was made for. Its tensors are ``numbers`` int32 (n,),
ascending, ``kinds`` uint8 (n,), and for each kind of change an xz stream, as a uint8 vector, over all its examples in
their order. `rcnas_zoo.evaluation.receipts.coarse` tells the kinds, `rcnas_zoo.evaluation.receipts.layout` their bytes.
"""

from typing import Any

import numpy as np
import torch
from safetensors.numpy import load, save
from torch import Tensor

from rcnas_zoo.evaluation.receipts.coarse import EXACT, STEPS, VERTEX, Judge, Originals, coarsen, moved
from rcnas_zoo.evaluation.receipts.layout import Array, from_bytes, size_of, to_bytes
from rcnas_zoo.evaluation.receipts.streams import expand, squeeze
from rcnas_zoo.spec.canonical import canonical_json, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, shortened

VERSION = 1
STREAMS = {VERTEX: "vertex", **{kind: f"steps-{count}" for kind, count in STEPS.items()}, EXACT: "exact"}
BATCH_SIZE = 250

# As in an evaluation: what rounding in float32 may add to a distance, as a share of the range or the radius.
_TOLERANCE = 1e-6
_KEY = "receipt"


def pack(originals: Originals, adversarial: Tensor, numbers: Tensor, still_broken: Judge) -> bytes:
    """A receipt of adversarial examples, each made as coarse as still breaks the network.

    Equal examples give equal bytes. One that does not break the network is kept exactly, as the attack left it.

    Args:
        originals: the images that were attacked.
        adversarial: float (n, C, H, W) inside their ball.
        numbers: whole numbers (n,), which image each was made of; none twice.
        still_broken: of the plain model in eval mode; it is given at most `BATCH_SIZE` images at a time.

    Raises:
        InvalidInput: examples or numbers that do not fit the images, or an example outside the ball.
    """
    numbers, adversarial = _in_order(originals, adversarial, numbers)
    parts = [coarsen(originals, adversarial[part], numbers[part], still_broken) for part in _batches(numbers)]
    kinds, codes = (torch.cat(column) for column in zip(*parts, strict=True))
    tensors = {"numbers": numbers.numpy().astype(np.int32), "kinds": kinds.numpy()}
    for kind, name in STREAMS.items():
        values = (adversarial if kind == EXACT else codes)[kinds == kind]
        tensors[name] = np.frombuffer(squeeze(to_bytes(kind, values)), np.uint8)
    # One key only, for safetensors promises no order of several.
    return save(tensors, {_KEY: canonical_json(_facts(originals))})


def unpack(content: bytes, originals: Originals) -> tuple[Tensor, Tensor]:
    """The examples of a receipt: their numbers, int64 (n,) ascending, and float32 (n, C, H, W) inside the ball.

    Raises:
        IntegrityError: a receipt that is damaged, or of other images or another threat, or an example outside the ball.
    """
    tensors = _read(content, originals)
    numbers, kinds = (torch.from_numpy(tensors[name]).long() for name in ("numbers", "kinds"))
    adversarial = torch.empty((len(numbers), *originals.shape))
    for kind, name in STREAMS.items():
        places = (kinds == kind).nonzero().flatten()
        shape = (len(places), *originals.shape)
        stream, size = tensors[name].tobytes(), size_of(kind, int(np.prod(shape)))
        codes = from_bytes(kind, expand(stream, size, f"the stream {name!r} of a receipt"), shape)
        adversarial[places] = codes if kind == EXACT else _moved(kind, codes, originals, numbers[places])
    excess = _excess(originals, adversarial, numbers)
    if excess > 0:
        raise IntegrityError(f"a receipt must stay within {originals.ball.threat}, it leaves the ball by {excess:.3g}")
    return numbers, adversarial


def _moved(kind: int, codes: Tensor, originals: Originals, numbers: Tensor) -> Tensor:
    clean = originals.floats
    return torch.cat([moved(kind, codes[part], clean(numbers[part]), originals.ball) for part in _batches(numbers)])


def _batches(numbers: Tensor) -> list[slice]:
    """At least one, perhaps empty: originals become floats by parts, for all at once may be much."""
    return [slice(start, start + BATCH_SIZE) for start in range(0, max(len(numbers), 1), BATCH_SIZE)]


def _facts(originals: Originals) -> dict[str, Any]:
    """What a receipt must have been made for."""
    ball = originals.ball
    return {"format": VERSION, "levels": originals.levels, "shape": list(originals.shape), **ball.settings}


def _in_order(originals: Originals, adversarial: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers, int64 and ascending, with the examples in float32, after every check."""
    numbers, adversarial = numbers.detach().cpu(), adversarial.detach().cpu()
    wanted = (*numbers.shape, *originals.shape)
    if numbers.ndim != 1 or adversarial.shape != wanted or not adversarial.is_floating_point():
        found = f"{adversarial.dtype} {tuple(adversarial.shape)} for numbers {tuple(numbers.shape)}"
        raise InvalidInput(f"examples must be floats (n, C, H, W) of the images {originals.shape}, got {found}")
    if numbers.is_floating_point() or not _ascending(numbers.sort().values, len(originals)):
        raise InvalidInput(f"numbers must be whole, from 0 to {len(originals) - 1}, none twice; got others")
    order = numbers.argsort()
    numbers, adversarial = numbers[order].long(), adversarial[order].float()
    excess = _excess(originals, adversarial, numbers)
    if excess > 0:
        raise InvalidInput(f"examples must be within {originals.ball.threat}, got one that leaves it by {excess:.3g}")
    return numbers, adversarial


def _ascending(numbers: Tensor, count: int) -> bool:
    inside = not len(numbers) or (int(numbers[0]) >= 0 and int(numbers[-1]) < count)
    return inside and bool((numbers[1:] > numbers[:-1]).all())


def _excess(originals: Originals, adversarial: Tensor, numbers: Tensor) -> float:
    """How far the worst example is outside, above what rounding explains; NaN is infinitely far."""
    ball = originals.ball
    if not len(numbers):
        return 0.0
    worst = max(ball.excess(adversarial[part], originals.floats(numbers[part])) for part in _batches(numbers))
    return worst if worst > _TOLERANCE * max(ball.high - ball.low, ball.radius) else 0.0


def _read(content: bytes, originals: Originals) -> dict[str, Array]:
    """The tensors of a receipt, of the right names, types and ranges."""
    try:
        tensors = load(content)
        header = content[8 : 8 + int.from_bytes(content[:8], "little")].decode()
        made_for = parse_object(parse_object(header, "a header")["__metadata__"][_KEY], "what a receipt was made for")
    except Exception as error:  # a damaged file makes its reader fail in any way it likes
        cause = " ".join(str(error).split())[:200]
        raise IntegrityError(
            f"a receipt must be a whole safetensors file, got {type(error).__name__}: {cause}"
        ) from error
    wanted = _facts(originals)
    for name in wanted | made_for:
        if made_for.get(name) != wanted.get(name):
            found = shortened(made_for.get(name))
            raise IntegrityError(f"a receipt must be made for the {shortened(name)} {wanted.get(name)}, got {found}")
    _check_tensors(tensors, len(originals))
    return tensors


def _check_tensors(tensors: dict[str, Array], images: int) -> None:
    wanted = {"numbers": np.int32, "kinds": np.uint8, **dict.fromkeys(STREAMS.values(), np.uint8)}
    if {name: tensor.dtype for name, tensor in tensors.items()} != wanted or any(t.ndim != 1 for t in tensors.values()):
        found = ", ".join(f"{name} {tensor.dtype} {tensor.shape}" for name, tensor in tensors.items())
        raise IntegrityError(f"a receipt must hold vectors {', '.join(wanted)}, got {found:.200}")
    numbers, kinds = tensors["numbers"], tensors["kinds"]
    if len(numbers) != len(kinds) or not _ascending(torch.from_numpy(numbers), images):
        raise IntegrityError(
            f"a receipt must have a kind for each of its numbers, ascending below {images}, got others"
        )
    if len(kinds) and kinds.max() > EXACT:
        raise IntegrityError(f"the kinds of a receipt must be at most {EXACT}, got {kinds.max()}")
