"""From what a user types, a zoo name or a folder, to an entry on disk."""

import os
from dataclasses import dataclass
from pathlib import Path

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.zoo.entry import RECORD, Entry, read_entry
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.pull import open_entry


@dataclass(frozen=True)
class Found:
    """An entry, its version if it is from the registry, and its source: ``registry``, ``catalogue`` or ``folder``."""

    entry: Entry
    version: int | None
    source: str


def looks_like_path(text: str) -> bool:
    """Whether a text names a folder: it has a separator, starts with a dot, or is an entry folder here."""
    return os.sep in text or text.startswith(".") or (Path(text) / RECORD).is_file()


def find_entry(text: str, machine: Machine, *, weights: bool = True) -> Found:
    """The entry in a folder, or of a zoo name; one from the registry is kept in the cache.

    Args:
        text: what the user typed.
        machine: whose cache is used.
        weights: whether an architecture alone is refused.

    Raises:
        InvalidInput: neither a folder nor a well-formed name.
        NotFound: no such folder, name, version or weights.
        IntegrityError: the entry is damaged.
    """
    if not text:
        raise InvalidInput("a zoo name or an entry folder must be given, got an empty text")
    if looks_like_path(text):
        return Found(read_entry(Path(text)), None, "folder")
    pulled = open_entry(ZooName.parse(text), machine.cache, weights=weights)
    return Found(pulled.entry, pulled.version, pulled.source)


def entry_of(text: str, machine: Machine) -> Entry:
    """The entry that a text means; see `find_entry`."""
    return find_entry(text, machine).entry
