"""The index of a registry: its listings in a small JSON file, so that a list needs no mlflow.

It lies beside a local database, else in the cache folder under the hash of the registry's URI. It may always be lost:
``rcnas-zoo list --refresh`` makes it again.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.spec.canonical import canonical_json, check_fields, check_integer, check_list, digest, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.tracking.uris import database_path
from rcnas_zoo.zoo.files import read_limited, replace_file
from rcnas_zoo.zoo.listing import Listing

FORMAT = 1
INDEX_LIMIT = 100_000_000
"""Largest index file, in bytes."""


def index_path(registry_uri: str) -> Path:
    """Where the index of a registry lies."""
    if database := database_path(registry_uri):
        return database.with_name(f"{database.name}.rcnas-index.json")
    key = sha256(registry_uri.rstrip("/").encode()).hexdigest()
    return default_cache_root() / "index" / f"{key}.json"


def read_index(registry_uri: str, on_damage: Callable[[str], object] | None = None) -> list[Listing]:
    """The listings of a registry; none if there is no index yet.

    Args:
        registry_uri: the registry.
        on_damage: is told, in one line, that the index was damaged; it was then set aside and counts as empty.

    Raises:
        Unavailable: the index cannot be read.
    """
    path = index_path(registry_uri)
    if not path.exists():
        return []
    try:
        return _parse(read_limited(path, INDEX_LIMIT))
    except (InvalidInput, IntegrityError) as error:
        with suppress(OSError):
            path.replace(path.with_name(f"{path.name}.damaged"))
        if on_damage:
            on_damage(f"the index {path} was set aside, for {error}; make it again with: rcnas-zoo list --refresh")
        return []


def write_index(registry_uri: str, listings: Iterable[Listing]) -> None:
    """Replaces the index of a registry by these listings, all of them.

    Raises:
        Unavailable: the disk refuses.
    """
    rows = [listing.to_dict() for listing in listings]
    data = {"format": FORMAT, "listings": rows, "digest": digest(rows)}
    replace_file(index_path(registry_uri), canonical_json(data).encode())


def _parse(content: bytes) -> list[Listing]:
    try:
        data = parse_object(content.decode(), "an index")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"an index must be UTF-8 text: {error}") from error
    check_fields(data, "an index", ["format", "listings", "digest"])
    check_integer("the format of an index", data["format"], FORMAT, FORMAT)
    rows: list[Any] = check_list("the listings of an index", data["listings"])
    if digest(rows) != data["digest"]:
        raise InvalidInput("an index must match its digest, but it was changed")
    return [Listing.from_dict(row) for row in rows]
