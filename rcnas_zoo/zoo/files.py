"""Files and folders that are either whole or absent, and their hashes."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from rcnas_zoo.execution.disk import sync_folder, write_whole
from rcnas_zoo.spec.errors import IntegrityError, Unavailable

_BLOCK = 1 << 20


def read_limited(path: Path, limit: int) -> bytes:
    """The content of a file of at most ``limit`` bytes; a larger one is not read at all.

    Raises:
        IntegrityError: the file is larger.
        Unavailable: the file cannot be read.
    """
    with readable(path):
        if not path.is_file() and path.exists():
            raise IntegrityError(f"{path.name} must be a plain file, got a folder or a special file in {path.parent}")
        if path.stat().st_size > limit:
            raise IntegrityError(f"{path.name} must be at most {limit} bytes, got {path.stat().st_size} in {path}")
        return path.read_bytes()


def sha256_of(path: Path) -> str:
    """sha256 of a file's content, 64 hex digits.

    Raises:
        Unavailable: the file cannot be read.
    """
    hashed = sha256()
    with readable(path), path.open("rb") as file:
        while block := file.read(_BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


def check_place(path: Path) -> None:
    """Something new can be made at a path: the nearest folder above it that exists may be written.

    Raises:
        Unavailable: it may not.
    """
    above = next((folder for folder in path.absolute().parents if folder.exists()), Path("/"))
    if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        raise Unavailable(f"the folder {above} must be writable to make {path.name} in it; choose another place")


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file so that a reader finds the old content or the new, never a part.

    Raises:
        Unavailable: the disk refuses.
    """
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the target's place when the block ends well and vanishes when it does not.

    A target that is there already is replaced, behind a link if it is one; whether it may be is the caller's
    question. One that comes up while the block runs is left alone, unless it is empty.

    Raises:
        Unavailable: the disk refuses.
    """
    target = Path(os.path.realpath(target))
    temporary = _sibling(target)
    with writable(target):
        place = _exchange if target.exists() else Path.rename
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.mkdir()
            yield temporary
            sync_folder(temporary)
            place(temporary, target)
            sync_folder(target.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _exchange(temporary: Path, target: Path) -> None:
    # No portable call exchanges two folders, so the old one steps aside and comes back if the new one cannot move in.
    old = _sibling(target)
    target.rename(old)
    try:
        temporary.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sibling(path: Path) -> Path:
    # Hidden, beside the target: on the same disk, so that a rename is enough to move in.
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Tells in one line, as `Unavailable`, that the operating system refuses to read."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path} must be readable: {error.strerror or error}; check that it is there") from error


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Tells in one line, as `Unavailable`, that the operating system refuses to write."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise Unavailable(f"{path} must be writable: {reason}; free some space or choose another place") from error
