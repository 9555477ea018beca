"""Where a study is kept, from the words that a user gives."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.tracking.uris import absolute_uri, database_path, shown

JOURNAL = "journal:"


@dataclass(frozen=True)
class Address:
    """Where a study is kept.

    Attributes:
        journal: the file of Optuna's journal, absolute; None for a database.
        url: of a database; empty for a journal.
        leases: the folder of the locks by which its processes share it. Beside a file, so that whoever reaches the
            one reaches the other; for a database server in the cache folder, which all its machines must share.
    """

    journal: Path | None
    url: str
    leases: Path

    @property
    def is_server(self) -> bool:
        """Whether processes can reach the storage that do not reach its locks."""
        return not self.journal and database_path(self.url) is None

    @property
    def shown(self) -> str:
        """The storage as messages name it, without a password."""
        return str(self.journal) if self.journal else shown(self.url)


def address_of(storage: str, name: str, digest: str, cache: Path) -> Address:
    """The address of a study.

    Args:
        storage: empty for a journal of its own in the cache folder, ``journal:FILE`` for Optuna's journal in a file, or
            the URL of a database that SQLAlchemy knows, such as ``sqlite:///studies.db``. A file may hold many studies.
        name: the study's name.
        digest: its identity, 64 hex digits.
        cache: root folder of the caches.

    Raises:
        InvalidInput: it is none of these.
    """
    own = sha256(name.encode()).hexdigest()[:16]
    if not storage or storage.startswith(JOURNAL):
        given = storage.removeprefix(JOURNAL)
        file = (Path(given) if given else cache / "studies" / f"{digest}.journal").absolute()
        if storage and (not given or "\0" in given or file.is_dir()):
            raise InvalidInput(f"journal: must be followed by the path of a file, got {shortened(storage)}")
        return Address(file, "", _beside(file) / own)
    scheme, separator, rest = storage.partition("://")
    if not (separator and scheme.isprintable() and scheme[:1].isalpha() and rest) or "\0" in storage:
        raise InvalidInput(
            f"a study's storage must be a database's URL such as sqlite:///studies.db, journal:FILE, or empty for a "
            f"journal in the cache folder, got {shortened(shown(storage))}"
        )
    url, database = absolute_uri(storage), database_path(storage)
    if scheme.startswith("sqlite") and database is None:
        raise InvalidInput(f"a study in SQLite must lie in a file, got {shortened(storage)}; use sqlite:///studies.db")
    folder = _beside(database) if database else cache / "studies" / sha256(url.encode()).hexdigest()[:16]
    return Address(None, url, folder / own)


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.leases")
