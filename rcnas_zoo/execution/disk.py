"""What is written stays, also beyond a power cut."""

import os
import secrets
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Writes a file and waits until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that nobody ever finds a part of it under its name, and waits until it is on the disk."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_file(temporary, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Waits until a folder's own entries, such as a rename, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
