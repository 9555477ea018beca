"""Pulling: a name becomes a folder of the user's, or an entry to be read in the cache."""

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rcnas_zoo.spec.errors import NotFound, RcnasError
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.record import Record
from rcnas_zoo.tracking.store import Store, current_store
from rcnas_zoo.zoo.advice import how_to_get
from rcnas_zoo.zoo.downloading import download, download_architecture
from rcnas_zoo.zoo.entry import RECORD, WEIGHTS, Entry, read_entry
from rcnas_zoo.zoo.fetching import check_fetchable, check_here, fetch_weights
from rcnas_zoo.zoo.files import new_folder, sha256_of
from rcnas_zoo.zoo.lookup import Resolved
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.sources import find
from rcnas_zoo.zoo.writing import check_target, write_entry


@dataclass(frozen=True)
class Pulled:
    """An entry and where it came from.

    Attributes:
        entry: the entry on disk.
        source: ``registry`` or ``catalogue``.
        version: its version in the registry; None from the catalogue.
    """

    entry: Entry
    source: str
    version: int | None


def pull(
    name: ZooName,
    to: Path | None = None,
    *,
    source: str | None = None,
    architecture: bool = False,
    offline: bool = False,
    store: Store | None = None,
    replace: bool = False,
    observer: Observer | None = None,
) -> Pulled:
    """Make a folder of the entry that a name means; one that is there already and the same is left as it is.

    Args:
        name: what to pull.
        to: the folder; default the name, in the working directory.
        source: ``registry`` or ``catalogue`` alone; None for the one, then the other.
        architecture: record, spec and card alone.
        offline: whether servers are left alone; a registry in a local database is still asked.
        store: default the store of the working directory.
        replace: whether another entry in the folder may be replaced; any other content never is.
        observer: who watches weights come that were too large to be installed.

    Raises:
        NotFound: no such name, version or weights.
        InvalidInput: the folder may not be written.
        IntegrityError: the files are not those that were published.
        Unavailable: registry, artifact store, server or disk refuse.
    """
    store, target = store or current_store(), to or Path(name.name)
    found = find(name, store, source, offline)
    if architecture:
        return _pulled(found, _bare(found, store, target, replace))
    if isinstance(found, Resolved):
        kept = _kept(target, found.record_sha256)
        return _pulled(found, kept or download(store, found, target, replace=replace))
    _check_weights(found, name)
    return _pulled(found, _copy(found, target, replace, offline, observer or Silent()))


def open_entry(
    name: ZooName, cache: Path, *, store: Store | None = None, offline: bool = False, weights: bool = True
) -> Pulled:
    """The entry that a name means, to be read and not changed: shipped, or kept in the cache.

    Args:
        name: what to open.
        cache: root folder of the caches.
        store: default the store of the working directory.
        offline: whether servers are left alone.
        weights: whether an architecture alone is refused.

    Raises:
        NotFound, IntegrityError, Unavailable: as `pull`.
    """
    store = store or current_store()
    found = find(name, store, offline=offline)
    if isinstance(found, Entry):
        if weights:
            _check_weights(found, name)
            check_here(found)
        return _pulled(found, found)
    folder = cache / "entries" / found.record_sha256
    kept = _kept(folder, found.record_sha256)
    return _pulled(found, kept or download(store, found, folder, replace=True))


def find_spec(name: ZooName, store: Store | None = None, offline: bool = False) -> NetworkSpec:
    """The architecture that a name means; weights are not looked at. Raises as `open_entry`."""
    store = store or current_store()
    return _architecture(find(name, store, offline=offline), store)[1]


def _architecture(found: Resolved | Entry, store: Store) -> tuple[Record, NetworkSpec]:
    return (found.record, found.spec) if isinstance(found, Entry) else download_architecture(store, found)


def _bare(found: Resolved | Entry, store: Store, target: Path, replace: bool) -> Entry:
    record, spec = _architecture(found, store)
    with TemporaryDirectory() as folder:
        return _copy(write_entry(Path(folder, "bare"), spec, record), target, replace, True, Silent())


def _copy(entry: Entry, target: Path, replace: bool, offline: bool, observer: Observer) -> Entry:
    if kept := _kept(target, sha256_of(entry.folder / RECORD)):
        return kept
    check_target(target, replace=replace)
    if not entry.is_whole:
        check_fetchable(entry.record, offline)
    with new_folder(target) as folder:
        for name in set(entry.record.files) - (set() if entry.is_whole else {WEIGHTS}):
            shutil.copyfile(entry.folder / name, folder / name)
        if not entry.is_whole:
            fetch_weights(entry.record, folder, observer)
        copied = read_entry(folder)
    return dataclasses.replace(copied, folder=target)


def _kept(folder: Path, record_sha256: str) -> Entry | None:
    """The entry in a folder if it is intact and the one asked for."""
    try:
        entry = read_entry(folder)
        return entry if sha256_of(folder / RECORD) == record_sha256 else None
    except RcnasError:
        return None


def _check_weights(entry: Entry, name: ZooName) -> None:
    if not entry.has_weights:
        raise NotFound(
            f"{name.name!r} must have weights, but the catalogue has its architecture alone; "
            f"{how_to_get(name.name, in_catalogue=True)}"
        )


def _pulled(found: Resolved | Entry, entry: Entry) -> Pulled:
    if isinstance(found, Resolved):
        return Pulled(entry, "registry", found.version)
    return Pulled(entry, "catalogue", None)
