"""A training that is under way, on disk: tensors as safetensors, the rest as JSON, both hashed."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.execution.disk import sync_folder, write_file
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import Unavailable

KEPT = 2
_NUMBER = "[0-9]" * 9
_DAMAGED = ".damaged"


@dataclass(frozen=True, eq=False)
class Saved:
    """One moment of a training.

    Attributes:
        tensors: every tensor by a name of its own, on the CPU.
        facts: the rest, plain JSON data; ``done`` counts the updates.
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


@dataclass
class Checkpoints:
    """The last two moments of one training, in a folder of its own.

    A checkpoint is two files, ``<updates>.safetensors`` and ``<updates>.json``; the second carries the hash of the
    first and its own, and is written last. Both appear whole: written aside, flushed to the disk, renamed.

    Attributes:
        folder: where they lie.
        every_seconds: time between two of them.
    """

    folder: Path
    every_seconds: float = 60.0
    _written: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether the last one (or the start) is long enough ago."""
        return time.monotonic() - self._written >= self.every_seconds

    def save(self, saved: Saved) -> None:
        """Keeps a moment and lets go of all but the last two.

        Raises:
            Unavailable: the disk is full or read-only; the checkpoints of before are as they were.
        """
        self._written = time.monotonic()
        name = f"{saved.facts['done']:09}"
        tensors = save(saved.tensors)
        facts = {"facts": saved.facts, "sha256": sha256(tensors).hexdigest(), "seal": digest(saved.facts)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / f"{name}.safetensors", tensors)
            _write(self.folder / f"{name}.json", canonical_json(facts).encode())
            self._forget(name)
        except OSError as error:
            raise Unavailable(f"a checkpoint must be written to {self.folder}: {error}; make room there") from error

    def latest(self, warn: Callable[[str], None]) -> Saved | None:
        """The newest moment that is whole, or None.

        ``warn`` is told of each that is damaged; it is set aside as ``*.damaged``.
        """
        for path in self._newest_first():
            saved = _read(path)
            if saved is not None:
                return saved
            warn(
                f"the checkpoint {path} is damaged; an older one, or the start, is taken instead, "
                "and it is set aside as *.damaged"
            )
            _set_aside(path)
        return None

    def clear(self) -> None:
        """Forgets the training; for when its result is kept elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _newest_first(self) -> Iterator[Path]:
        yield from sorted(self.folder.glob(f"{_NUMBER}.json"), reverse=True)

    def _forget(self, newest: str) -> None:
        """Also what is of a later moment than the newest: it was damaged, or it would have been gone on from.

        (One process at a time has the folder; its owner sees to that.)
        """
        kept = [path.stem for path in self._newest_first() if path.stem <= newest][:KEPT]
        for path in self.folder.glob(f"{_NUMBER}.*"):
            if path.suffix != _DAMAGED and (path.name.split(".")[0] not in kept or path.suffix == ".new"):
                path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    aside = path.with_suffix(f"{path.suffix}.new")
    try:
        write_file(aside, content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def _set_aside(path: Path) -> None:
    for file in (path, path.with_suffix(".safetensors")):
        # Where it cannot be renamed it is passed over all the same.
        with suppress(OSError):
            file.rename(file.with_name(f"{file.name}{_DAMAGED}"))


def _read(path: Path) -> Saved | None:
    try:
        stored = json.loads(path.read_bytes())
        tensors = path.with_suffix(".safetensors").read_bytes()
        intact = sha256(tensors).hexdigest() == stored["sha256"] and digest(stored["facts"]) == stored["seal"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Saved(load(tensors), stored["facts"]) if intact else None
