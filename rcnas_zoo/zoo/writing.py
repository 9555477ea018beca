"""Writing an entry: a complete, checked folder or nothing at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.networks.cost import stated_cost
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.record import FLOAT32, Record
from rcnas_zoo.zoo.card import render_card
from rcnas_zoo.zoo.entry import CANARY, CARD, ENTRY_FILES, RECEIPT, RECORD, SPEC, WEIGHTS, Entry, read_entry
from rcnas_zoo.zoo.files import new_folder, readable
from rcnas_zoo.zoo.names import check_name
from rcnas_zoo.zoo.seal import seal

if TYPE_CHECKING:
    from torch import Tensor


def write_entry(
    folder: Path | str,
    spec: NetworkSpec,
    record: Record,
    weights: Mapping[str, Tensor] | None = None,
    *,
    receipt: bytes = b"",
    replace: bool = False,
) -> Entry:
    """Writes a complete entry; it appears under its name only when every file is on the disk and read back.

    Args:
        folder: where; it must be absent or empty, unless an entry there may be replaced.
        spec: the network.
        record: what to say of it; its digest, cost, hashes and sizes are filled in here.
        weights: state of the network, any device; None for an architecture alone (then torch is not needed). If the
            record says float16, they must be rounded already.
        receipt: what proves the record's first measurement, as `rcnas_zoo.evaluation.receipts.packing` makes it.
        replace: whether an entry in the folder may be replaced; other folders never are.

    Raises:
        InvalidInput: a folder that may not be replaced, or a record without a proper name.
        IntegrityError: weights that do not fit the spec or the record's float16, or are not finite.
        Unavailable: the disk refuses; nothing is left behind.
    """
    check_name(record.name)
    target = Path(folder)
    check_target(target, replace=replace)
    contents = _contents(spec, record, weights, receipt)
    with new_folder(target) as temporary:
        for name, content in contents.items():
            write_file(temporary / name, content)
        entry = read_entry(temporary)
    return dataclasses.replace(entry, folder=target)


def check_target(folder: Path, *, replace: bool, files: Sequence[str] = ENTRY_FILES, head: str = RECORD) -> None:
    """The folder may be written: it is absent, empty, or an entry (with no foreign file in it) to be replaced.

    Args:
        folder: where something is to be written.
        replace: whether an entry there may be replaced.
        files: the files that an entry of this kind may have.
        head: the one that makes a folder an entry of this kind.

    Raises:
        InvalidInput: it may not.
    """
    with readable(folder):
        if not folder.exists():
            return
        found = {path.name for path in folder.iterdir()} if folder.is_dir() else {folder.name}
    if not found:
        return
    foreign = sorted(found - set(files))
    if foreign or head not in found:
        raise InvalidInput(
            f"a new entry must go to an absent or empty folder, got {str(folder)!r}, which holds "
            f"{(foreign or sorted(found))[0]!r} and is left alone; choose another folder"
        )
    if not replace:
        raise InvalidInput(
            f"a new entry must go to an absent or empty folder, got {str(folder)!r}, which is an entry already; "
            "choose another folder, or allow to replace it (--replace)"
        )


def _contents(
    spec: NetworkSpec, record: Record, weights: Mapping[str, Tensor] | None, receipt: bytes
) -> dict[str, bytes]:
    if weights is None:
        record = dataclasses.replace(record, weights_dtype=FLOAT32, weights_url="")
    tensors = {} if weights is None else _tensor_contents(spec, weights, record.weights_dtype)
    tensors |= {RECEIPT: receipt} if receipt else {}
    contents = {SPEC: spec.to_json().encode(), **tensors}
    described = dataclasses.replace(
        record,
        spec_digest=spec.digest,
        files=_hashes(contents),
        weights_size=len(contents[WEIGHTS]) if record.weights_url else 0,
        **stated_cost(spec),
    )
    contents[CARD] = render_card(described, spec).encode()
    sealed = seal(dataclasses.replace(described, files=_hashes(contents)))
    return {**contents, RECORD: sealed.to_json().encode()}


def _tensor_contents(spec: NetworkSpec, weights: Mapping[str, Tensor], dtype: str) -> dict[str, bytes]:
    from safetensors.torch import save

    from rcnas_zoo.zoo.canary import make_canary
    from rcnas_zoo.zoo.loading import check_finite, fitted_model
    from rcnas_zoo.zoo.precision import narrowed

    # Copies, for safetensors refuses tensors that share memory.
    state = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in weights.items()}
    check_finite(state)
    files = {WEIGHTS: narrowed(state, dtype), CANARY: make_canary(fitted_model(spec, state), spec)}
    return {name: save(tensors, metadata={"format": "pt"}) for name, tensors in files.items()}


def _hashes(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in contents.items()}
