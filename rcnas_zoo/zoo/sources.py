"""Where a name is found: in the registry first, then in the catalogue that ships with the package."""

from urllib.parse import urlsplit

from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.errors import InvalidInput, NotFound, Unavailable, did_you_mean
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.uris import is_server, shown
from rcnas_zoo.zoo.advice import how_to_get
from rcnas_zoo.zoo.catalogue import catalogue_entry, catalogue_names
from rcnas_zoo.zoo.entry import Entry
from rcnas_zoo.zoo.index import read_index
from rcnas_zoo.zoo.listing import SOURCES
from rcnas_zoo.zoo.lookup import Resolved, look_up
from rcnas_zoo.zoo.names import CHAMPION, ZooName
from rcnas_zoo.zoo.policy import is_policy_name
from rcnas_zoo.zoo.versions import dataset_alias


def find(name: ZooName, store: Store, source: str | None = None, offline: bool = False) -> Resolved | Entry:
    """The registered version, or the shipped entry, that a name means.

    Args:
        name: what is asked for.
        store: the registry, and the tracking store that may keep its files.
        source: ``registry`` or ``catalogue`` alone; None for the one, then the other.
        offline: whether servers are left alone; a registry in a local database is still asked.

    Raises:
        InvalidInput: offline, and a server is the only place to look.
        NotFound: no such name, version or alias.
        Unavailable: the registry does not answer, or offline and the files lie on a server.
    """
    if is_policy_name(name.name):
        raise InvalidInput(f"a network must be named, got the policy {name}; use it with: finetune --policy {name}")
    found = registered(name, store, source, offline)
    if found is not None:
        return found
    if source != "registry" and name.name in catalogue_names():
        return _shipped(name)
    raise _nowhere(name, store, source)


def registered(name: ZooName, store: Store, source: str | None, offline: bool) -> Resolved | None:
    """The registered version that a name means, or None if there is none, or if it is not to be looked for there.

    Raises as `find`.
    """
    if source is not None:
        check_choice("a source", source, SOURCES)
    if source == "catalogue":
        return None
    if offline and is_server(store.registry_uri):
        if source == "registry":
            raise InvalidInput(
                f"the registry must be a local database when offline, got {shown(store.registry_uri)}; "
                "leave out --offline, or --source registry"
            )
        return None
    found = look_up(store, name)
    if found and offline and urlsplit(found.source).scheme not in ("", "file"):
        raise Unavailable(
            f"the files of {name} must be on this machine when offline, got {shown(found.source)}; leave out --offline"
        )
    return found


def check_shipped_name(name: ZooName) -> None:
    """Raise NotFound if a name asks for a version or alias, of which the catalogue has none."""
    if name.version is not None or name.alias not in (None, CHAMPION):
        raise NotFound(
            f"{name} must be in the registry, but only the catalogue has {name.name!r}, once and without versions; "
            f"ask for {name.name}"
        )


def places(store: Store, source: str | None) -> str:
    """Where a name is looked for, for messages."""
    known = {"registry": f"the registry {shown(store.registry_uri)}", "catalogue": "the shipped catalogue"}
    return known[source] if source else " or ".join(known.values())


def _shipped(name: ZooName) -> Entry:
    entry = catalogue_entry(name.name)
    # Of a data set a shipped entry is the best one that the catalogue has under this name.
    if name.version is not None or name.alias != dataset_alias(entry.record):
        check_shipped_name(name)
    return entry


def _nowhere(name: ZooName, store: Store, source: str | None) -> NotFound:
    shipped = catalogue_names()
    published = {row.name for row in read_index(store.registry_uri)}
    hint = did_you_mean(name.name, {*shipped, *published})
    return NotFound(
        f"{name.name!r} must be in {places(store, source)}{hint}; {how_to_get(name.name, name.name in shipped)}"
    )
