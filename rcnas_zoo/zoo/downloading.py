"""Entries out of MLflow's artifact stores: checked before they appear under their name."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.record import Record
from rcnas_zoo.tracking.client import answering
from rcnas_zoo.tracking.runs import known_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.uris import is_server, shown
from rcnas_zoo.zoo.entry import RECORD, SPEC, Entry, check_spec_digest, read_entry, read_record, read_spec
from rcnas_zoo.zoo.files import new_folder, sha256_of
from rcnas_zoo.zoo.lookup import Resolved
from rcnas_zoo.zoo.writing import check_target

ENTRY_ARTIFACT = "entry"


def download(store: Store, resolved: Resolved, to: Path, *, replace: bool = False) -> Entry:
    """The entry of a registered version, in a new folder.

    Args:
        store: where the version is registered.
        resolved: the version.
        to: the folder to make; nothing is left there on failure.
        replace: whether an entry that lies there may be replaced.

    Raises:
        InvalidInput: the folder may not be written.
        NotFound: the version's files are absent.
        IntegrityError: the files are not those that were published.
        Unavailable: the artifact store or the disk refuses.
    """
    check_target(to, replace=replace)
    with new_folder(to) as folder:
        record = _fetch_record(store, resolved, folder)
        fetch(store, resolved.source, set(record.files) - {RECORD}, folder)
        entry = read_entry(folder)
    return dataclasses.replace(entry, folder=to)


def download_architecture(store: Store, resolved: Resolved) -> tuple[Record, NetworkSpec]:
    """Record and spec of a registered version; the weights stay where they are. Raises as `download`."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        record = _fetch_record(store, resolved, folder)
        fetch(store, resolved.source, [SPEC], folder)
        spec = read_spec(folder)
    check_spec_digest(record, spec)
    return record, spec


def download_run_entry(store: Store, run_id: str, to: Path) -> Entry:
    """The entry that a run has kept, in a new folder.

    Raises:
        NotFound: the store has no such run, or the run no entry.
        IntegrityError: the entry is damaged.
        Unavailable: the store or the disk refuses.
    """
    client = store.client()
    with answering(store.tracking_uri):
        source = f"{known_run(client, store, run_id).info.artifact_uri}/{ENTRY_ARTIFACT}"
    check_target(to, replace=False)
    with new_folder(to) as folder:
        fetch(store, source, [RECORD], folder)
        fetch(store, source, set(read_record(folder).files) - {RECORD}, folder)
        entry = read_entry(folder)
    return dataclasses.replace(entry, folder=to)


def fetch_head(store: Store, resolved: Resolved, head: str, folder: Path) -> None:
    """Fetch the file whose hash the registry keeps.

    Raises:
        NotFound: it is absent.
        IntegrityError: it is not the one that was published.
    """
    fetch(store, resolved.source, [head], folder)
    found = sha256_of(folder / head)
    if found != resolved.record_sha256:
        raise IntegrityError(
            f"{head} of {resolved.name}:{resolved.version} must have the sha256 {resolved.record_sha256} that it was "
            f"published with, got {found}; publish it again"
        )


def _fetch_record(store: Store, resolved: Resolved, folder: Path) -> Record:
    fetch_head(store, resolved, RECORD, folder)
    return read_record(folder)


def fetch(store: Store, source: str, names: Iterable[str], folder: Path) -> None:
    """Only these files, which a record names, are fetched into a folder, whatever else lies beside them."""
    from mlflow.artifacts import download_artifacts, list_artifacts

    # A source such as mlflow-artifacts:/1/... names no server; it means the one that tracks, if there is one.
    uri = store.tracking_uri if is_server(store.tracking_uri) else store.registry_uri
    with answering(uri):
        present = {PurePosixPath(file.path).name for file in list_artifacts(source, tracking_uri=uri)}
        for name in sorted(names):
            if name not in present:
                raise NotFound(f"{name} must be in {shown(source)}, but it is absent; publish it again")
            download_artifacts(f"{source}/{name}", dst_path=str(folder), tracking_uri=uri)
