"""One process at a time for one piece of work."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rcnas_zoo.spec.errors import Unavailable


@contextmanager
def exclusive(folder: Path, key: str) -> Iterator[None]:
    """Hold the lock ``key``; the system lets go of it when the process ends, however it ends.

    Raises:
        Unavailable: another process holds it, or the folder cannot be written.
    """
    with lock(folder, key) as mine:
        if not mine:
            raise Unavailable(
                f"the same run must not run twice at once, but process {holder(folder, key)} runs it; wait for it, "
                "or end it"
            )
        yield


@contextmanager
def lock(folder: Path, key: str) -> Iterator[bool]:
    """Within: whether this process holds the lock ``key``, as `exclusive`; if not, another one does.

    Raises:
        Unavailable: the folder cannot be written.
    """
    with _opened(folder, key) as file:
        if not _taken(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            yield False
            return
        _sign(file)
        yield True


@contextmanager
def waited(folder: Path, key: str) -> Iterator[None]:
    """Hold the lock ``key``, after whoever has it now.

    Raises:
        Unavailable: the folder cannot be written.
    """
    with _opened(folder, key) as file:
        _taken(file, fcntl.LOCK_EX)
        _sign(file)
        yield


def holder(folder: Path, key: str) -> str:
    """The number of the process that holds a lock, or ``unknown`` where it has just been let go of."""
    try:
        return _file(folder, key).read_text().strip() or "unknown"
    except OSError:
        return "unknown"


def _opened(folder: Path, key: str) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _file(folder, key).open("a+")
    except OSError as error:
        raise Unavailable(f"the folder {folder} must be writable: {error}; set RCNAS_CACHE to another") from error


def _sign(file: IO[str]) -> None:
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()


def _taken(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        raise Unavailable(
            f"the file {file.name} must lie where files can be locked: {error}; use another folder"
        ) from error
    return True


def _file(folder: Path, key: str) -> Path:
    return folder / f"{key}.lock"
