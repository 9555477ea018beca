"""Tables as files: safetensors under xz, with everything else as JSON in the header, and a digest of both."""

import json
import lzma
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.oracles.table import Table, TableTeacher
from rcnas_zoo.spec.canonical import canonical_json, check_fields, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec

FORMAT = 1
SUFFIX = ".oracle.xz"
MOST_BYTES = 200_000_000
_FIELDS = ("format", "name", "dataset", "grid", "samples", "teachers", "provenance")


def write_table(table: Table, path: Path) -> None:
    """Write a table; the same table gives the same bytes."""
    tensors = {
        "stages": table.stages.to(torch.int16),
        **{f"accuracy/{key}": values for key, values in table.accuracy.items()},
        **{f"margin/{key}": values.float() for key, values in table.margins.items()},
        **{f"verdicts/{key}": _packed(values) for key, values in table.verdicts.items()},
        **{f"images/{key}": torch.tensor(values.shape[1]) for key, values in table.verdicts.items()},
    }
    facts = canonical_json(_facts(table))
    content = save(dict(sorted(tensors.items())), {"table": facts, "digest": _digest(tensors, facts)})
    path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))


def read_table(path: Path) -> Table:
    """The table in a file that `write_table` wrote.

    Raises:
        NotFound: there is no such file.
        IntegrityError: it is damaged.
        InvalidInput: it is no table, or one of another format.
    """
    if not path.is_file():
        raise NotFound(f"an oracle must be a file, there is none at {path}")
    content = _unpacked(path)
    header = _header(content, path)
    tensors = load(content)
    if _digest(tensors, header["table"]) != header["digest"]:
        raise IntegrityError(f"the oracle {path} must match its digest, it is damaged; make or fetch it again")
    try:
        return _table(tensors, parse_object(header["table"], f"the oracle {path}"))
    except KeyError as error:
        raise InvalidInput(f"an oracle must hold the tensor {error}, {path} does not") from error


def _unpacked(path: Path) -> bytes:
    """The content of the file, of a size that is read in steps, for xz could hold any."""
    reader = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    try:
        content = reader.decompress(path.read_bytes(), MOST_BYTES)
    except lzma.LZMAError as error:
        raise IntegrityError(
            f"the oracle {path} must be compressed by xz, it is damaged or no oracle: {error}"
        ) from error
    if not reader.eof:
        raise IntegrityError(
            f"the oracle {path} must hold at most {MOST_BYTES} bytes and end, it was cut off or is larger"
        )
    return content


def _header(content: bytes, path: Path) -> dict[str, str]:
    try:
        size = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + size])["__metadata__"]
        load(content)
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InvalidInput(f"an oracle must be safetensors under xz, {path} is not: {error}") from error
    if not {"table", "digest"} <= set(header):
        raise InvalidInput(f"an oracle must have a header with 'table' and 'digest', {path} has {sorted(header)}")
    return dict(header)


def _facts(table: Table) -> dict[str, Any]:
    teachers = {
        name: {"spec": t.spec.to_dict(), "accuracy": dict(t.accuracy), "lips": {k: list(v) for k, v in t.lips.items()}}
        for name, t in table.teachers.items()
    }
    return {
        "format": FORMAT,
        "name": table.name,
        "dataset": table.dataset,
        "grid": table.grid.to_dict(),
        "samples": dict(table.samples),
        "teachers": teachers,
        "provenance": dict(table.provenance),
    }


def _table(tensors: Mapping[str, Tensor], data: object) -> Table:
    found = check_fields(data, "the header of an oracle", _FIELDS)
    if found["format"] != FORMAT:
        raise InvalidInput(f"an oracle must have format {FORMAT}, got {found['format']}; upgrade rcnas-zoo")
    teachers = {name: _teacher(facts) for name, facts in found["teachers"].items()}
    verdicts = _under("verdicts/", tensors)
    return Table(
        name=found["name"],
        dataset=found["dataset"],
        grid=_residual(found["grid"]),
        stages=tensors["stages"].long(),
        accuracy=_under("accuracy/", tensors),
        samples=found["samples"],
        margins=_under("margin/", tensors),
        teachers=teachers,
        verdicts={key: _bits(bits, int(tensors[f"images/{key}"])) for key, bits in verdicts.items()},
        provenance=found["provenance"],
    )


def _teacher(data: object) -> TableTeacher:
    found = check_fields(data, "a teacher of an oracle", ("spec", "accuracy", "lips"))
    lips = {column: tuple(values) for column, values in found["lips"].items()}
    return TableTeacher(_residual(found["spec"]), found["accuracy"], lips)


def _residual(data: object) -> ResidualSpec:
    spec = NetworkSpec.from_dict(data)
    if not isinstance(spec, ResidualSpec):
        raise InvalidInput(f"a network of an oracle must be of kind 'residual', got {spec.kind!r}")
    return spec


def _under(start: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(start): values for name, values in tensors.items() if name.startswith(start)}


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    content = sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        content.update(f"{name} {tensor.dtype} {list(tensor.shape)} ".encode())
        content.update(tensor.numpy().tobytes())
    return content.hexdigest()


def _packed(verdicts: Tensor) -> Tensor:
    import numpy as np

    return torch.from_numpy(np.packbits(verdicts.numpy(), axis=1))


def _bits(packed: Tensor, images: int) -> Tensor:
    import numpy as np

    return torch.from_numpy(np.unpackbits(packed.numpy(), axis=1, count=images).astype(bool))
