"""From a zoo name to a registered version, and from all versions to the index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import IntegrityError, NotFound, did_you_mean, shortened
from rcnas_zoo.tracking.client import answering, is_absent, pages
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.uris import shown
from rcnas_zoo.zoo.index import write_index
from rcnas_zoo.zoo.listing import Listing
from rcnas_zoo.zoo.names import CHAMPION, ZooName
from rcnas_zoo.zoo.versions import LISTING_TAG, RECORD_TAG, listing_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Resolved:
    """A registered version.

    Attributes:
        name, version: what MLflow calls it.
        source: URI of its files.
        record_sha256: sha256 that its ``record.json`` must have.
    """

    name: str
    version: int
    source: str
    record_sha256: str


def resolve(store: Store, name: ZooName) -> Resolved:
    """The registered version that a name means; a bare name means the alias ``champion``.

    Raises:
        NotFound: no such name, alias or version.
        IntegrityError: the version was not published by this package, or its tags were changed.
        Unavailable: the registry does not answer.
    """
    found = look_up(store, name)
    if found is None:
        names = sorted({row.name for row in _rows(store)})
        known = f"it has {', '.join(names)}" if names else "it is empty"
        where = shown(store.registry_uri)
        raise NotFound(f"{name.name!r} must be in the registry {where}{did_you_mean(name.name, names)}; {known}")
    return found


def look_up(store: Store, name: ZooName) -> Resolved | None:
    """As `resolve`, but None if the registry has nothing of this name; needs no mlflow while nothing is registered."""
    if not store.has_models:
        return None
    client = store.client()
    with answering(store.registry_uri):
        model = _model(client, name.name)
        return None if model is None else _version(client, model, name)


def refresh_index(store: Store) -> list[Listing]:
    """Make the index again from the registry: one row for each version that an alias points at.

    Raises:
        Unavailable: the registry does not answer, or the index cannot be written.
    """
    rows = _rows(store)
    write_index(store.registry_uri, rows)
    return rows


def _rows(store: Store) -> list[Listing]:
    if not store.has_models:
        return []
    client = store.client()
    with answering(store.registry_uri):
        tags = {(found.name, int(found.version)): found.tags for found in pages(client.search_model_versions)}
        models = list(pages(client.search_registered_models))
    named = sorted({(model.name, int(version)) for model in models for version in model.aliases.values()})
    return [listing_of(tags[key], key[1]) for key in named if LISTING_TAG in tags.get(key, {})]


def _model(client: MlflowClient, name: str) -> RegisteredModel | None:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_registered_model(name)
    except MlflowException as error:
        if is_absent(error):
            return None
        raise


def _version(client: MlflowClient, model: RegisteredModel, name: ZooName) -> Resolved:
    from mlflow.exceptions import MlflowException

    number = name.version or _aliased(model, name.alias or CHAMPION)
    try:
        found = client.get_model_version(model.name, str(number))
    except MlflowException as error:
        if is_absent(error):
            raise NotFound(f"{model.name!r} must have the version {number}; {_aliases(model)}") from error
        raise
    if RECORD_TAG not in found.tags:
        raise IntegrityError(
            f"{model.name}:{number} must have the tag {RECORD_TAG}, which rcnas-zoo sets when it publishes, "
            f"got {sorted(found.tags)}; publish it again"
        )
    # It names folders of the cache, and whoever may write to the registry sets it.
    record_sha256 = found.tags[RECORD_TAG]
    if _SHA256.fullmatch(record_sha256) is None:
        raise IntegrityError(
            f"the tag {RECORD_TAG} of {model.name}:{number} must be 64 hex digits, got {shortened(record_sha256)}; "
            "publish it again"
        )
    source = client.get_model_version_download_uri(model.name, str(number))
    return Resolved(model.name, number, source, record_sha256)


def _aliased(model: RegisteredModel, alias: str) -> int:
    if alias not in model.aliases:
        raise NotFound(f"{model.name!r} must have the alias {alias!r}; {_aliases(model)}")
    return int(model.aliases[alias])


def _aliases(model: RegisteredModel) -> str:
    known = ", ".join(f"{alias} (version {number})" for alias, number in sorted(model.aliases.items()))
    return f"its aliases are {known}" if known else "it has no alias"
