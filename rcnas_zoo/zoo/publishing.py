"""Publishing: an entry becomes a version in MLflow's model registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.tracking.client import answering, is_taken
from rcnas_zoo.tracking.runs import known_run, open_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo.downloading import ENTRY_ARTIFACT
from rcnas_zoo.zoo.entry import RECORD, Entry, read_entry
from rcnas_zoo.zoo.files import sha256_of
from rcnas_zoo.zoo.lookup import refresh_index
from rcnas_zoo.zoo.names import CHAMPION, check_alias, check_name
from rcnas_zoo.zoo.versions import RECORD_TAG, dataset_alias, version_tags, why_kept

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Published:
    """A new version.

    Attributes:
        name, version: what the registry calls it.
        aliases: the aliases that point at it now.
        note: why an alias stayed with another version; empty if none did.
    """

    name: str
    version: int
    aliases: tuple[str, ...]
    note: str


def publish(
    entry_folder: Path | str, name: str, store: Store, *, aliases: Sequence[str] = (), run_id: str | None = None
) -> Published:
    """Register an entry as a new version of a name, and renew the index.

    The first version of a name gets the alias ``champion``. The first for a data set gets the data set's alias; a
    later one takes it only if it is better (`rcnas_zoo.zoo.versions.why_kept`).

    Args:
        entry_folder: the entry; it must have weights.
        name: the registry name.
        store: where runs and models are kept.
        aliases: further aliases, which move to the new version whatever they pointed at.
        run_id: the run that made the entry and keeps its files; without one, a small run is made for it.

    Raises:
        InvalidInput: a name or alias that cannot be.
        NotFound: no such folder or run, or an entry without weights.
        IntegrityError: the entry is damaged.
        Unavailable: the store does not take it; a name that was new does not stay behind.
    """
    check_name(name)
    asked = tuple(check_alias(alias) for alias in aliases)
    entry = read_entry(entry_folder)
    if not entry.has_weights:
        raise NotFound(f"an entry to publish must have weights, got an architecture alone in {str(entry_folder)!r}")
    if run_id is not None:
        return _publish(entry, name, store, asked, run_id)
    with open_run(store, "publish", name, {"name": name, "spec_digest": entry.record.spec_digest}) as run:
        return _publish(entry, name, store, asked, run.id)


def _publish(entry: Entry, name: str, store: Store, asked: tuple[str, ...], run_id: str) -> Published:
    client, record_sha256 = store.client(), sha256_of(entry.folder / RECORD)
    with answering(store.tracking_uri):
        source = _upload(client, store, entry, run_id, record_sha256)
    with answering(store.registry_uri):
        tags = version_tags(name, entry.record, record_sha256)
        version = _known_version(client, name, run_id, record_sha256) or _new_version(
            client, name, source, run_id, tags
        )
        moved, note = _set_aliases(client, name, version, asked, dataset_alias(entry.record))
    refresh_index(store)
    return Published(name, version, moved, note)


def _upload(client: MlflowClient, store: Store, entry: Entry, run_id: str, record_sha256: str) -> str:
    """The URI of the uploaded files. Files that an older version may point at are never overwritten by others."""
    artifact_uri = known_run(client, store, run_id).info.artifact_uri
    same = _kept_record(client, run_id) in (None, record_sha256)
    path = ENTRY_ARTIFACT if same else f"{ENTRY_ARTIFACT}-{record_sha256[:12]}"
    for name in sorted(entry.record.files):
        client.log_artifact(run_id, str(entry.folder / name), path)
    return f"{artifact_uri}/{path}"


def _kept_record(client: MlflowClient, run_id: str) -> str | None:
    """sha256 of the record of the entry that a run keeps already, or None."""
    path = f"{ENTRY_ARTIFACT}/{RECORD}"
    if path not in {file.path for file in client.list_artifacts(run_id, ENTRY_ARTIFACT)}:
        return None
    with TemporaryDirectory() as folder:
        return sha256_of(Path(client.download_artifacts(run_id, path, folder)))


def _known_version(client: MlflowClient, name: str, run_id: str, record_sha256: str) -> int | None:
    """The version that a publication of this entry made before it was interrupted, if any."""
    made = client.search_model_versions(f"name='{name}' and run_id='{run_id}'")
    return max((int(v.version) for v in made if v.tags.get(RECORD_TAG) == record_sha256), default=None)


def _new_version(client: MlflowClient, name: str, source: str, run_id: str, tags: dict[str, str]) -> int:
    is_new = _make_model(client, name)
    try:
        return int(client.create_model_version(name, source, run_id, tags=tags).version)
    except BaseException:
        # A name without a version would be found by every look-up and lead nowhere.
        if is_new and not client.search_model_versions(f"name='{name}'"):
            client.delete_registered_model(name)
        raise


def _make_model(client: MlflowClient, name: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if is_taken(error):
            return False
        raise
    return True


def _set_aliases(
    client: MlflowClient, name: str, version: int, asked: tuple[str, ...], dataset: str | None
) -> tuple[tuple[str, ...], str]:
    known = client.get_registered_model(name).aliases
    wanted = [*asked, *([CHAMPION] if int(known.get(CHAMPION, version)) == version else [])]
    note = "" if dataset is None or dataset in wanted else _note(client, name, version, dataset, known)
    if dataset is not None and not note:
        wanted.append(dataset)
    moved = tuple(dict.fromkeys(wanted))
    for alias in moved:
        client.set_registered_model_alias(name, alias, str(version))
    return moved, note


def _note(client: MlflowClient, name: str, version: int, alias: str, known: dict[str, str]) -> str:
    """Why a data set's alias stays; empty if it moves."""
    if int(known.get(alias, version)) == version:
        return ""
    new, old = (client.get_model_version(name, str(number)).tags for number in (version, known[alias]))
    reason = why_kept(new, old)
    return reason and f"the alias {alias!r} stays with version {known[alias]}: {reason}"
