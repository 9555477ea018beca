"""Put an entry or a policy, from a folder or from a run, into the model registry under a name."""

import tempfile
from dataclasses import replace
from pathlib import Path

from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.tracking.store import Store, current_store
from rcnas_zoo.workflows.entry_of import looks_like_path
from rcnas_zoo.zoo.entry import Entry, read_entry
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.policy import is_policy_folder, is_policy_name
from rcnas_zoo.zoo.policy_registry import download_run_policy, publish_policy
from rcnas_zoo.zoo.registry import Published, download_run_entry, publish
from rcnas_zoo.zoo.writing import write_entry


def publish_entry(source: str, name: str, aliases: tuple[str, ...] = ()) -> Published:
    """Publish a run's or a folder's entry; under a name that policies have, its policy.

    Args:
        source: a folder, or the id of a run that kept an entry or a policy.
        name: the registry name, such as ``robust-5g`` or ``rcnas-policy``.
        aliases: aliases to set besides those that every publication sets.

    Raises:
        NotFound: no such folder or run, or it has no weights.
        IntegrityError: the entry is damaged.
    """
    store = current_store()
    if is_policy_name(name):
        return _publish_policy(source, name, store, aliases)
    with tempfile.TemporaryDirectory() as folder:
        entry, run_id = _entry(source, store, Path(folder))
        if not entry.has_weights:
            raise NotFound(f"an entry to publish must have weights, got an architecture alone in {source!r}")
        named = _renamed(entry, name, Path(folder) / "named")
        return publish(named.folder, name, store, aliases=aliases, run_id=run_id)


def _publish_policy(source: str, name: str, store: Store, aliases: tuple[str, ...]) -> Published:
    if looks_like_path(source) or is_policy_folder(Path(source)):
        return publish_policy(source, store, name, aliases=aliases)
    with tempfile.TemporaryDirectory() as folder:
        entry = download_run_policy(store, source, Path(folder) / "policy")
        return publish_policy(entry.folder, store, name, aliases=aliases, run_id=source)


def _entry(source: str, store: Store, folder: Path) -> tuple[Entry, str | None]:
    if looks_like_path(source):
        return read_entry(Path(source)), None
    return download_run_entry(store, source, folder / "run"), source


def _renamed(entry: Entry, name: str, folder: Path) -> Entry:
    if entry.record.name == name:
        return entry
    record, state = replace(entry.record, name=name), load_model(entry).state_dict()
    return write_entry(folder, entry.spec, record, state, receipt=entry.receipt)
