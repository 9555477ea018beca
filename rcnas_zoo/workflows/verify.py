"""Verify an entry, by name or in a folder."""

from pathlib import Path

from rcnas_zoo.workflows.entry_of import find_entry, looks_like_path
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.zoo.verify import VerifyReport, verify


def verify_entry(text: str, machine: Machine | None = None) -> VerifyReport:
    """Every check of an entry; a damaged folder gives failing checks, not an error.

    Raises:
        NotFound: no such folder or name.
        InvalidInput: neither a folder nor a well-formed name.
    """
    if looks_like_path(text):
        return verify(Path(text))
    return verify(find_entry(text, machine or Machine(), weights=False).entry.folder)
