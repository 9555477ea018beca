"""One process at a time for one piece of work."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rcnas_zoo.spec.errors import Unavailable


@contextmanager
def exclusive(folder: Path, key: str) -> Iterator[None]:
    """Hold the lock ``key``; the system lets go of it when the process ends, however it ends.

    Raises:
        Unavailable: another process holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f"{key}.lock").open("a+")
    except OSError as error:
        raise Unavailable(f"the folder {folder} must be writable: {error}; set RCNAS_CACHE to another") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Unavailable(
                f"the same run must not run twice at once, but process {holder} runs it; wait for it, or end it"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
