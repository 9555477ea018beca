"""The catalogue: entries that ship with the package, one folder each. Nothing here imports torch or mlflow."""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from rcnas_zoo.spec.errors import NotFound, did_you_mean
from rcnas_zoo.spec.record import Record
from rcnas_zoo.zoo.entry import RECORD, Entry, read_entry, read_record

PACKAGE = "rcnas_zoo_registry"


def catalogue_root() -> Path:
    """The folder of the installed catalogue."""
    return Path(str(files(PACKAGE)))


def catalogue_names() -> list[str]:
    """The names of the shipped entries, sorted."""
    return sorted(path.parent.name for path in catalogue_root().glob(f"*/{RECORD}"))


def catalogue_records() -> dict[str, Record]:
    """The records of the shipped entries by name; no other file is opened."""
    return {name: read_record(catalogue_root() / name) for name in catalogue_names()}


def catalogue_entry(name: str) -> Entry:
    """A shipped entry, every hash checked; large weights may not have been installed (`Entry.is_whole`).

    Raises:
        NotFound: no shipped entry has this name.
        IntegrityError: the installed entry is damaged.
    """
    names = catalogue_names()
    if name not in names:
        known = f"it has {', '.join(names)}" if names else "it is empty"
        raise NotFound(f"{name!r} must be in the shipped catalogue{did_you_mean(name, names)}; {known}")
    return read_entry(catalogue_root() / name, whole=False)


def catalogue_entries() -> Mapping[str, Entry]:
    """The shipped entries by name, each read when it is asked for."""
    return _Catalogue()


class _Catalogue(Mapping[str, Entry]):
    def __getitem__(self, name: str) -> Entry:
        # A mapping must say KeyError, or `in` and `get` would not work.
        if name not in catalogue_names():
            raise KeyError(name)
        return catalogue_entry(name)

    def __iter__(self) -> Iterator[str]:
        return iter(catalogue_names())

    def __len__(self) -> int:
        return len(catalogue_names())
