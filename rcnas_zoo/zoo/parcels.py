"""Parcels: files that become one version in MLflow's model registry, be they a network's or a policy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rcnas_zoo.tracking.client import answering, is_taken
from rcnas_zoo.tracking.runs import known_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo.files import sha256_of
from rcnas_zoo.zoo.lookup import refresh_index
from rcnas_zoo.zoo.names import CHAMPION
from rcnas_zoo.zoo.versions import RECORD_TAG, why_kept

if TYPE_CHECKING:
    from mlflow import MlflowClient


@dataclass(frozen=True)
class Parcel:
    """Files that go to the registry together.

    Attributes:
        folder: where they lie.
        files: their names.
        head: the one whose hash the registry keeps, and which has the hashes of the others.
        artifact: the folder of a run that they are kept in.
        tags: what the version says of itself.
        dataset: the alias of its data set; None if it has none.
    """

    folder: Path
    files: Sequence[str]
    head: str
    artifact: str
    tags: Mapping[str, str]
    dataset: str | None = None

    @property
    def sha256(self) -> str:
        """The hash that tells one parcel from another."""
        return sha256_of(self.folder / self.head)


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


def publish_parcel(parcel: Parcel, name: str, store: Store, asked: tuple[str, ...], run_id: str) -> Published:
    """Keep a parcel with a run, make a version of it unless there is one, and renew the index.

    Raises:
        NotFound: the store has no such run.
        Unavailable: the store does not take it; a name that was new does not stay behind.
    """
    client, head_sha256 = store.client(), parcel.sha256
    with answering(store.tracking_uri):
        source = _upload(client, store, parcel, run_id, head_sha256)
    with answering(store.registry_uri):
        tags = {**parcel.tags, RECORD_TAG: head_sha256}
        version = _known_version(client, name, run_id, head_sha256) or _new_version(client, name, source, run_id, tags)
        moved, note = _set_aliases(client, name, version, asked, parcel.dataset)
    refresh_index(store)
    return Published(name, version, moved, note)


def _upload(client: MlflowClient, store: Store, parcel: Parcel, run_id: str, head_sha256: str) -> str:
    """The URI of the uploaded files. Files that an older version may point at are never overwritten by others."""
    artifact_uri = known_run(client, store, run_id).info.artifact_uri
    same = _kept_head(client, run_id, parcel) in (None, head_sha256)
    path = parcel.artifact if same else f"{parcel.artifact}-{head_sha256[:12]}"
    for name in parcel.files:
        client.log_artifact(run_id, str(parcel.folder / name), path)
    return f"{artifact_uri}/{path}"


def _kept_head(client: MlflowClient, run_id: str, parcel: Parcel) -> str | None:
    """sha256 of the head of a parcel of this kind that a run keeps already, or None."""
    path = f"{parcel.artifact}/{parcel.head}"
    if path not in {file.path for file in client.list_artifacts(run_id, parcel.artifact)}:
        return None
    with TemporaryDirectory() as folder:
        return sha256_of(Path(client.download_artifacts(run_id, path, folder)))


def _known_version(client: MlflowClient, name: str, run_id: str, head_sha256: str) -> int | None:
    """The version that a publication of this parcel made before it was interrupted, if any."""
    made = client.search_model_versions(f"name='{name}' and run_id='{run_id}'")
    return max((int(v.version) for v in made if v.tags.get(RECORD_TAG) == head_sha256), default=None)


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
