"""Policies by name: published to MLflow's registry, found there or in the catalogue, and pulled."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import InvalidInput, NotFound, RcnasError
from rcnas_zoo.tracking.client import answering
from rcnas_zoo.tracking.runs import known_run, open_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo import catalogue
from rcnas_zoo.zoo.downloading import fetch, fetch_head
from rcnas_zoo.zoo.files import new_folder, sha256_of
from rcnas_zoo.zoo.lookup import Resolved
from rcnas_zoo.zoo.names import ZooName, check_alias
from rcnas_zoo.zoo.parcels import Parcel, Published, publish_parcel
from rcnas_zoo.zoo.policy import (
    CONFIG,
    HOW_TO_GET,
    POLICY_FILES,
    POLICY_NAME,
    TENSORS,
    PolicyEntry,
    is_policy_folder,
    is_policy_name,
    names_policy,
    read_policy,
)
from rcnas_zoo.zoo.sources import check_shipped_name, places, registered
from rcnas_zoo.zoo.writing import check_target

POLICY_ARTIFACT = "policy"
"""The folder of a run that a policy is kept in."""


@dataclass(frozen=True)
class FoundPolicy:
    """A policy and where it came from: ``registry`` (with its version), ``catalogue`` or ``folder``."""

    entry: PolicyEntry
    source: str
    version: int | None = None


def publish_policy(
    folder: Path | str,
    store: Store,
    name: str = POLICY_NAME,
    *,
    aliases: tuple[str, ...] = (),
    run_id: str | None = None,
) -> Published:
    """Register a policy as a new version of a name; the first one gets the alias ``champion``.

    Args:
        folder: the policy.
        store: where runs and models are kept.
        name: the registry name.
        aliases: further aliases, which move to the new version whatever they pointed at.
        run_id: the run that made the policy; without one, a small run is made for it.

    Raises:
        InvalidInput: a name or alias that cannot be.
        NotFound: no such folder or run.
        IntegrityError: the policy is damaged.
        Unavailable: the store does not take it; a name that was new does not stay behind.
    """
    check_policy_name(name)
    asked = tuple(check_alias(alias) for alias in aliases)
    config = read_policy(folder).config
    tags = {"rcnas.kind": "policy", "rcnas.tasks": canonical_json(list(config.tasks))[:5000]}
    parcel = Parcel(Path(folder), POLICY_FILES, CONFIG, POLICY_ARTIFACT, tags)
    if run_id is not None:
        return publish_parcel(parcel, name, store, asked, run_id)
    with open_run(store, "publish", name, {"name": name}) as run:
        return publish_parcel(parcel, name, store, asked, run.id)


def pull_policy(
    name: ZooName,
    to: Path,
    store: Store,
    *,
    source: str | None = None,
    offline: bool = False,
    replace: bool = False,
) -> FoundPolicy:
    """Make a folder of the policy that a name means; one that is there already and the same is left as it is.

    Raises as `rcnas_zoo.zoo.pull.pull`.
    """
    found = _find(name, store, source, offline)
    if isinstance(found, Resolved):
        return FoundPolicy(
            _kept(to, found.record_sha256) or _download(store, found, to, replace), "registry", found.version
        )
    return FoundPolicy(_kept(to, sha256_of(found.folder / CONFIG)) or _copy(found, to, replace), "catalogue")


def open_policy(name: ZooName, cache: Path, store: Store, *, offline: bool = False) -> FoundPolicy:
    """The policy that a name means, to be read and not changed: shipped, or kept in the cache.

    Raises:
        NotFound, IntegrityError, Unavailable: as `pull_policy`.
    """
    found = _find(name, store, None, offline)
    if isinstance(found, PolicyEntry):
        return FoundPolicy(found, "catalogue")
    folder = cache / "policies" / found.record_sha256
    entry = _kept(folder, found.record_sha256) or _download(store, found, folder, replace_it=True)
    return FoundPolicy(entry, "registry", found.version)


def download_run_policy(store: Store, run_id: str, to: Path) -> PolicyEntry:
    """The policy that a run has kept, in a new folder.

    Raises:
        NotFound: the store has no such run, or the run no policy.
        IntegrityError: the policy is damaged.
        Unavailable: the store or the disk refuses.
    """
    client = store.client()
    with answering(store.tracking_uri):
        source = f"{known_run(client, store, run_id).info.artifact_uri}/{POLICY_ARTIFACT}"
    check_target(to, replace=False, files=POLICY_FILES, head=CONFIG)
    with new_folder(to) as folder:
        fetch(store, source, POLICY_FILES, folder)
        entry = read_policy(folder)
    return replace(entry, folder=to)


def find_policy(text: str, cache: Path, store: Store) -> FoundPolicy:
    """The policy in a folder, or of a zoo name; one from the registry is kept in the cache.

    Raises:
        InvalidInput: a malformed name.
        NotFound, IntegrityError, Unavailable: as `open_policy`.
    """
    if is_policy_folder(Path(text)) or not names_policy(text):
        return FoundPolicy(read_policy(text), "folder")
    return open_policy(ZooName.parse(text), cache, store)


def check_policy_name(name: str) -> str:
    """The name itself, checked to be one that policies have."""
    if not is_policy_name(name):
        raise InvalidInput(f"a policy's name must be {POLICY_NAME}, or begin with {POLICY_NAME}-, got {name!r}")
    return ZooName.parse(name).name


def _find(name: ZooName, store: Store, source: str | None, offline: bool) -> Resolved | PolicyEntry:
    check_policy_name(name.name)
    found = registered(name, store, source, offline)
    if found is not None:
        return found
    folder = catalogue.catalogue_root() / name.name
    if source == "registry" or not is_policy_folder(folder):
        raise NotFound(f"the policy {name.name!r} must be in {places(store, source)}; make one: {HOW_TO_GET}")
    check_shipped_name(name)
    return read_policy(folder)


def _download(store: Store, resolved: Resolved, to: Path, replace_it: bool) -> PolicyEntry:
    check_target(to, replace=replace_it, files=POLICY_FILES, head=CONFIG)
    with new_folder(to) as folder:
        fetch_head(store, resolved, CONFIG, folder)
        fetch(store, resolved.source, [TENSORS], folder)
        entry = read_policy(folder)
    return replace(entry, folder=to)


def _copy(entry: PolicyEntry, to: Path, replace_it: bool) -> PolicyEntry:
    check_target(to, replace=replace_it, files=POLICY_FILES, head=CONFIG)
    with new_folder(to) as folder:
        for name in POLICY_FILES:
            shutil.copyfile(entry.folder / name, folder / name)
        copied = read_policy(folder)
    return replace(copied, folder=to)


def _kept(folder: Path, config_sha256: str) -> PolicyEntry | None:
    """The policy in a folder if it is intact and the one asked for."""
    try:
        entry = read_policy(folder)
        return entry if sha256_of(folder / CONFIG) == config_sha256 else None
    except RcnasError:
        return None
