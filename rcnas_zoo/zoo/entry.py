"""Zoo entries on disk: a folder with a record, a spec, a card and, unless it is an architecture alone, weights.

The parts of `read_entry` are public, for `rcnas_zoo.zoo.verify` runs them one by one. Nothing here imports torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rcnas_zoo.networks.cost import stated_cost
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.record import Record
from rcnas_zoo.zoo.files import read_limited, readable, sha256_of
from rcnas_zoo.zoo.names import check_name
from rcnas_zoo.zoo.seal import open_sealed

RECORD = "record.json"
SPEC = "spec.json"
WEIGHTS = "weights.safetensors"
CANARY = "canary.safetensors"
CARD = "card.md"
RECEIPT = "receipt.safetensors"
"""What proves the first measurement; an entry may do without."""
ENTRY_FILES = (RECORD, SPEC, WEIGHTS, CANARY, CARD, RECEIPT)

RECEIPT_LIMIT = 200_000_000
"""Largest receipt, in bytes."""
TEXT_LIMIT = 10_000_000
"""Largest ``record.json`` or ``spec.json``, in bytes."""


@dataclass(frozen=True)
class Entry:
    """An entry whose files match its record."""

    folder: Path
    record: Record
    spec: NetworkSpec

    @property
    def has_weights(self) -> bool:
        """Whether the entry is more than an architecture."""
        return WEIGHTS in self.record.files

    @property
    def is_whole(self) -> bool:
        """Whether the weights lie in the folder, if there are any; large ones are not installed."""
        return not self.has_weights or (self.folder / WEIGHTS).exists()

    @property
    def receipt(self) -> bytes:
        """What proves the first measurement; empty if the entry carries nothing of the kind."""
        return read_limited(self.folder / RECEIPT, RECEIPT_LIMIT) if RECEIPT in self.record.files else b""


def read_entry(folder: Path | str, *, whole: bool = True) -> Entry:
    """The entry in a folder, every hash checked.

    Args:
        folder: of the entry.
        whole: whether weights that the record lists must be there; if not, they are still checked where they are.

    Raises:
        NotFound: no such folder, or no weights where the record lists some.
        InvalidInput: the folder is no entry, or its record or spec says something this version does not know.
        IntegrityError: the files are damaged or do not fit together.
    """
    path = check_folder(folder)
    record = read_record(path)
    check_hashes(path, record, whole=whole)
    spec = read_spec(path)
    check_spec_digest(record, spec)
    check_cost(record, spec)
    return Entry(path, record, spec)


def check_folder(folder: Path | str) -> Path:
    """The folder itself, checked to be there and to look like an entry."""
    path = Path(folder)
    with readable(path):
        if not path.exists():
            raise NotFound(f"an entry folder must exist, got {str(folder)!r}; pull one with: rcnas-zoo pull NAME")
        if not (path / RECORD).is_file():
            raise InvalidInput(f"an entry must be a folder with a {RECORD}, got {str(folder)!r}")
    return path


def read_record(folder: Path) -> Record:
    """The record of an entry; it must match its own seal, the other files are not looked at."""
    record = open_sealed(read_limited(own_file(folder, RECORD), TEXT_LIMIT))
    check_name(record.name)
    return record


def read_spec(folder: Path) -> NetworkSpec:
    """The spec of an entry, on its own."""
    content = read_limited(own_file(folder, SPEC), TEXT_LIMIT)
    try:
        return NetworkSpec.from_json(content.decode())
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{SPEC} must be UTF-8 text: {error}") from error


def check_hashes(folder: Path, record: Record, *, whole: bool = True) -> None:
    """Every file that the record lists is there (or is weights, unless ``whole``) and unchanged; none is unlisted."""
    _check_listing(folder, record)
    absent = set() if whole or (folder / WEIGHTS).exists() else {WEIGHTS}
    check_listed(folder, {name: sha256 for name, sha256 in record.files.items() if name not in absent}, RECORD)


def check_listed(folder: Path, files: Mapping[str, str], head: str) -> None:
    """Every file that ``head`` lists with its sha256, but for itself, is there and unchanged."""
    for name in sorted(set(files) - {head}):
        if sha256_of(own_file(folder, name)) != files[name]:
            raise IntegrityError(f"{name} must match its sha256 in {head}, but it was changed; pull the entry again")


def check_spec_digest(record: Record, spec: NetworkSpec) -> None:
    """The record is about this spec."""
    if record.spec_digest != spec.digest:
        raise IntegrityError(f"{RECORD} must have the digest of {SPEC}, {spec.digest}, got {record.spec_digest!r}")


def check_cost(record: Record, spec: NetworkSpec) -> None:
    """The record states the cost that the spec has."""
    true = stated_cost(spec)
    stated = {name: getattr(record, name) for name in true}
    if stated != true:
        raise IntegrityError(
            f"{RECORD} must state the cost of {SPEC}, {true['parameters']} parameters and {true['macs']} MACs, "
            f"got {stated['parameters']} and {stated['macs']}, or other nominal ones"
        )


def _check_listing(folder: Path, record: Record) -> None:
    listed = set(record.files)
    wanted = {RECORD, SPEC, CARD} | ({WEIGHTS, CANARY} if listed & {WEIGHTS, CANARY} else set())
    if not wanted <= listed:
        raise IntegrityError(f"{RECORD} must list {', '.join(sorted(wanted - listed))}, got {sorted(listed)}")
    for name in ENTRY_FILES:
        if name not in listed and (folder / name).exists():
            raise IntegrityError(f"{name} must be listed in {RECORD}, which says nothing of it; delete it")


def own_file(folder: Path, name: str) -> Path:
    """The path of a plain file of the folder; a link that leads out of it is refused."""
    path = folder / name
    if not path.exists():
        missing = NotFound if name == WEIGHTS else IntegrityError
        raise missing(f"{name} must be in {str(folder)!r}, but it is absent; pull the entry again")
    if not path.is_file() or path.resolve().parent != folder.resolve():
        raise IntegrityError(f"{name} must be a plain file of {str(folder)!r}, got a link or a special file")
    return path
