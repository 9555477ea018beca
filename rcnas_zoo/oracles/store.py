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

from rcnas_zoo.oracles.contents import facts_of, table_of, tensors_of
from rcnas_zoo.oracles.table import Table
from rcnas_zoo.spec.canonical import canonical_json, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

SUFFIX = ".oracle.xz"
MOST_BYTES = 200_000_000
_SMALLEST_WINDOW = 1 << 12
_LARGEST_WINDOW = 1 << 26


def write_table(table: Table, path: Path) -> None:
    """Write a table; the same table gives the same bytes. Margins are kept in float32."""
    tensors, facts = tensors_of(table), canonical_json(facts_of(table))
    content = _ordered(save(tensors, {"table": facts, "digest": _digest(tensors, facts)}))
    path.write_bytes(lzma.compress(content, filters=[_compressor(len(content))]))


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
    header, tensors = _header(content, path)
    if _digest(tensors, header["table"]) != header["digest"]:
        raise IntegrityError(f"the oracle {path} must match its digest, it is damaged; make or fetch it again")
    return table_of(tensors, parse_object(header["table"], f"the oracle {path}"))


def _ordered(content: bytes) -> bytes:
    """The same safetensors with its header in a fixed order; the library's order of the metadata is random."""
    size = int.from_bytes(content[:8], "little")
    header = canonical_json(json.loads(content[8 : 8 + size])).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def _compressor(size: int) -> dict[str, Any]:
    """The strongest preset, with a window of the content: its own takes 600 MB of memory and a second to set up."""
    window = min(max(size, _SMALLEST_WINDOW), _LARGEST_WINDOW)
    return {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": window}


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
    if reader.unused_data:
        raise IntegrityError(f"the oracle {path} must end where its xz stream ends, it has bytes after it")
    return content


def _header(content: bytes, path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """The metadata of the header, and the tensors."""
    try:
        size = int.from_bytes(content[:8], "little")
        header = dict(json.loads(content[8 : 8 + size])["__metadata__"])
        tensors = load(content)
    except (ValueError, KeyError, TypeError, RecursionError, SafetensorError) as error:
        raise InvalidInput(f"an oracle must be safetensors under xz, {path} is not: {error}") from error
    if not {"table", "digest"} <= set(header):
        raise InvalidInput(f"an oracle must have a header with 'table' and 'digest', {path} has {sorted(header)}")
    return header, tensors


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    content = sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        content.update(f"{name} {tensor.dtype} {list(tensor.shape)} ".encode())
        # As bytes, for numpy does not know all types that a file may hold.
        content.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return content.hexdigest()
