"""Optuna's journal in a file, with a lock that no killed process leaves behind.

Optuna's own locks are a link or a file beside the journal. ``kill -9`` leaves them there. Whoever comes next waits for
half a minute and then takes them away, also from a process that is merely slow; with a link under a relative path it
waits forever (Optuna 5.0). A line that a killed process has half written is passed over while it is the last one; the
next line is glued to it, and then the journal cannot be read again.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path

from rcnas_zoo.execution.locks import waited
from rcnas_zoo.spec.errors import IntegrityError, Unavailable


class SystemLock:
    """The lock that the system holds for a process, in the shape that Optuna's journal asks for.

    Optuna's own locks take no notice of it: other programs may read the journal meanwhile, but not write it.
    """

    def __init__(self, journal: Path, leases: Path) -> None:
        self._journal = journal
        self._leases = leases
        self._held = ExitStack()

    def acquire(self) -> bool:
        """Hold it, after whoever has it now, with a journal that ends with a whole line."""
        with ExitStack() as stack:
            stack.enter_context(waited(self._leases, "journal"))
            cut_torn_line(self._journal)
            self._held = stack.pop_all()
        return True

    def release(self) -> None:
        """Let go of it."""
        self._held.close()


def cut_torn_line(journal: Path) -> None:
    """Cut off what a killed process has half written at the end; nobody was told that it is there."""
    with journal.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        start = end
        tail = b""
        while start > 0 and b"\n" not in tail:
            start = max(0, start - 4096)
            file.seek(start)
            tail = file.read(end - start)
        torn = len(tail) - (tail.rfind(b"\n") + 1)
        if torn:
            file.truncate(end - torn)


def check_journal(journal: Path) -> None:
    """Raise IntegrityError with the number of a line that is damaged; half a line at the end is none."""
    try:
        content = journal.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"the journal {journal} must be readable: {error}") from error
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if not _is_entry(line):
            raise damaged(journal, f"line {number} is damaged")


def damaged(journal: Path, what: str) -> IntegrityError:
    """The error for a journal that cannot be used."""
    return IntegrityError(
        f"a study's journal must be as Optuna wrote it, but in {journal} {what}; put a backup in its place, or move it "
        "away to begin the study anew"
    )


def _is_entry(line: bytes) -> bool:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(entry, dict) and isinstance(entry.get("op_code"), int) and isinstance(entry.get("worker_id"), str)
