"""A content-addressed cache on disk. Each entry carries its own hashes; a damaged one is set aside and made anew."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import Unavailable

_HASHES = "hashes.json"


class ContentCache:
    """Folders of files under ``root/kind/key``; keys are hex digests of all that the content depends on.

    Several processes may use one cache: an entry appears at once and whole, by a rename.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, kind: str, key: str) -> dict[str, bytes] | None:
        """The files of an entry, or None if there is none or it is damaged (it is then renamed to ``*.damaged``)."""
        folder = self.folder(kind, key)
        if not folder.is_dir():
            return None
        files = _read_checked(folder)
        if files is None:
            shutil.rmtree(folder.with_suffix(".damaged"), ignore_errors=True)
            # Another process may have been quicker.
            with suppress(FileNotFoundError):
                folder.rename(folder.with_suffix(".damaged"))
        return files

    def put(self, kind: str, key: str, files: Mapping[str, bytes]) -> None:
        """Keep an entry; one that is there already stays.

        Raises:
            Unavailable: the disk is full or read-only.
        """
        folder = self.folder(kind, key)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        except OSError as error:
            raise Unavailable(f"the cache {self.root} must be writable: {error}; set RCNAS_CACHE to another") from error
        try:
            _write_checked(temporary, files)
            temporary.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise Unavailable(f"the cache {self.root} must be writable: {error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def drop(self, kind: str, key: str) -> None:
        """Let go of an entry, if there is one; at once and whole, as it came."""
        folder = self.folder(kind, key)
        if folder.is_dir():
            aside = Path(tempfile.mkdtemp(prefix=".old-", dir=folder.parent))
            with suppress(FileNotFoundError):
                folder.rename(aside / key)
            shutil.rmtree(aside, ignore_errors=True)

    def folder(self, kind: str, key: str) -> Path:
        """Where an entry lies, if it is there."""
        return self.root / kind / key[:2] / key


def _write_checked(folder: Path, files: Mapping[str, bytes]) -> None:
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    for name, content in {**files, _HASHES: canonical_json(hashes).encode()}.items():
        write_file(folder / name, content)


def _read_checked(folder: Path) -> dict[str, bytes] | None:
    try:
        hashes = json.loads((folder / _HASHES).read_bytes())
        files = {name: (folder / name).read_bytes() for name in hashes}
        intact = all(sha256(content).hexdigest() == hashes[name] for name, content in files.items())
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return files if intact else None
