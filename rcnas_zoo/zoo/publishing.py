"""Publishing: an entry becomes a version in MLflow's model registry."""

from collections.abc import Sequence
from pathlib import Path

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo.downloading import ENTRY_ARTIFACT
from rcnas_zoo.zoo.entry import RECORD, Entry, read_entry
from rcnas_zoo.zoo.files import sha256_of
from rcnas_zoo.zoo.names import check_alias, check_name
from rcnas_zoo.zoo.parcels import Parcel, Published, publish_parcel
from rcnas_zoo.zoo.policy import POLICY_NAME, is_policy_name
from rcnas_zoo.zoo.versions import dataset_alias, version_tags

__all__ = ["Published", "publish"]


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
        InvalidInput: a name or alias that cannot be, or a name that is kept for policies.
        NotFound: no such folder or run, or an entry without weights.
        IntegrityError: the entry is damaged.
        Unavailable: the store does not take it; a name that was new does not stay behind.
    """
    check_name(name)
    refuse_policy_name(name)
    asked = tuple(check_alias(alias) for alias in aliases)
    entry = read_entry(entry_folder)
    if not entry.has_weights:
        raise NotFound(f"an entry to publish must have weights, got an architecture alone in {str(entry_folder)!r}")
    parcel = _parcel(entry, name)
    if run_id is not None:
        return publish_parcel(parcel, name, store, asked, run_id)
    with open_run(store, "publish", name, {"name": name, "spec_digest": entry.record.spec_digest}) as run:
        return publish_parcel(parcel, name, store, asked, run.id)


def refuse_policy_name(name: str) -> None:
    """Raise InvalidInput if a name is kept for policies."""
    if is_policy_name(name):
        raise InvalidInput(f"a network's name must not begin with {POLICY_NAME}, which policies have, got {name!r}")


def _parcel(entry: Entry, name: str) -> Parcel:
    record = entry.record
    tags = version_tags(name, record, sha256_of(entry.folder / RECORD))
    return Parcel(entry.folder, sorted(record.files), RECORD, ENTRY_ARTIFACT, tags, dataset_alias(record))
