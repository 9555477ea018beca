"""Optuna's storages, opened by one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rcnas_zoo.baselines.studies.address import Address
from rcnas_zoo.baselines.studies.journal import SystemLock, check_journal, damaged
from rcnas_zoo.execution.locks import waited
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.quiet_optuna import quiet_optuna

BUSY_SECONDS = 60
"""How long a process waits for another one that writes to the same SQLite file."""

# What Optuna raises while it replays lines that are JSON but make no sense.
_SENSELESS = (ValueError, LookupError, TypeError, AttributeError, AssertionError)


@contextmanager
def opened(address: Address) -> Iterator[Any]:
    """Within: Optuna's storage at an address, which is made if it is not there.

    Raises:
        IntegrityError: the journal is damaged.
        Unavailable: the file or database cannot be used.
    """
    # Two processes that make the tables of one database at once would run into one another.
    with waited(address.leases.parent, "opening"):
        storage = _journal(address.journal, address.leases.parent) if address.journal else _database(address)
    try:
        yield storage
    except _storage_failure() as error:
        raise _unusable(address, error) from error
    finally:
        if not address.journal:
            storage.remove_session()
            storage.engine.dispose()


def _journal(file: Path, leases: Path) -> Any:
    check_journal(file)
    try:
        with quiet_optuna() as optuna:
            journal = optuna.storages.journal
            backend = journal.JournalFileBackend(str(file), lock_obj=SystemLock(file, leases))
            return journal.JournalStorage(backend)
    except OSError as error:
        raise Unavailable(f"the journal {file} must be writable: {error}") from error
    except _SENSELESS as error:
        raise damaged(file, f"a line makes no sense ({type(error).__name__})") from error


def _database(address: Address) -> Any:
    options = {"connect_args": {"timeout": BUSY_SECONDS}} if address.url.startswith("sqlite") else {}
    with quiet_optuna() as optuna:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return optuna.storages.RDBStorage(address.url, engine_kwargs=options)
        except (SQLAlchemyError, ImportError, ValueError, RuntimeError) as error:
            raise _unusable(address, error) from error


def _storage_failure() -> type[Exception]:
    # Only looked up when something has failed, and then Optuna is imported already.
    with quiet_optuna() as optuna:
        failure: type[Exception] = optuna.exceptions.StorageInternalError
    return failure


def _unusable(address: Address, error: Exception) -> Unavailable:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].replace(address.url, address.shown)
    return Unavailable(
        f"the storage {address.shown} must be a database that Optuna can use: {reason}; mend it, or use another"
    )
