"""Sealed records: ``record.json`` carries its own digest among the hashes, so that no byte of it changes unseen.

A policy's ``policy.json`` is sealed in the same way. The seal is ``files["record.json"]``: the digest of the record
without that one line. It tells damage, not malice: whoever rewrites the record can seal it again, so a registry keeps a
hash of its own.
"""

from dataclasses import replace
from typing import Any

from rcnas_zoo.spec.canonical import as_object, canonical_json, digest, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.record import Record

SEAL = "record.json"


def seal(record: Record) -> Record:
    """The record with its own digest among its hashes."""
    unsealed = replace(record, files={name: sha256 for name, sha256 in record.files.items() if name != SEAL})
    return replace(unsealed, files={**unsealed.files, SEAL: digest(unsealed.to_dict())})


def open_sealed(content: bytes) -> Record:
    """The record in the content of a ``record.json``.

    Raises:
        IntegrityError: the content is not canonical JSON, or does not match its seal.
        InvalidInput: the seal holds, yet a field is unknown or a value out of its range.
    """
    return Record.from_dict(open_data(content, SEAL))


def seal_data(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Plain JSON data with ``files``, sealed for a file of this name: its own digest stands among the hashes."""
    unsealed = _unsealed(data, name)
    return {**unsealed, "files": {**unsealed["files"], name: digest(unsealed)}}


def open_data(content: bytes, name: str) -> dict[str, Any]:
    """The plain data in the content of a sealed file of this name.

    Raises:
        IntegrityError: the content is not canonical JSON, or does not match its seal.
    """
    # Checked on the data as stored: a field that a later version adds must not break the seals of today.
    try:
        data = parse_object(content.decode(), name)
        intact = canonical_json(data).encode() == content and _stated(data, name) == digest(_unsealed(data, name))
    except (InvalidInput, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{name} must be a sealed JSON object: {error}; {_WAY_OUT}") from error
    if not intact:
        raise IntegrityError(f"{name} must match its own digest under files, but it was changed; {_WAY_OUT}")
    return data


def _stated(data: dict[str, Any], name: str) -> object:
    return as_object(data.get("files"), "files").get(name)


def _unsealed(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {**data, "files": {file: sha256 for file, sha256 in data["files"].items() if file != name}}


_WAY_OUT = "pull the entry again"
