"""The local database of a store: looked at, and made, before MLflow opens it.

MLflow 3.17 retries for minutes on a file that is no database, breaks when several processes create one database at
once, and leaves one that never opens again when it is killed while creating. So the database is made in a
temporary folder by one process at a time and moved in whole.
"""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.client import make_client


def ready_database(path: Path) -> None:
    """Make sure that an MLflow database lies at this path.

    Raises:
        Unavailable: it cannot be read, is no database, or cannot be made.
    """
    with _usable(path):
        if not path.exists():
            _create(path)
        # For reading alone SQLite refuses what a killed process left half written; so it undoes that. A file that is
        # write-protected is read all the same.
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    with lock.open("a") as waiting:
        # The system lets go of it when the process ends, however it ends.
        fcntl.flock(waiting, fcntl.LOCK_EX)
        if not path.exists():
            _move_in(path)
        # Whoever waits for this file or makes it anew finds the database.
        lock.unlink(missing_ok=True)


def _move_in(path: Path) -> None:
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent, ignore_cleanup_errors=True) as folder:
        fresh, whole = Path(folder) / "fresh.db", Path(folder) / "whole.db"
        uri = f"sqlite:///{quote(str(fresh))}"
        make_client(uri, uri)
        # A copy, for MLflow keeps the fresh one open.
        shutil.copyfile(fresh, whole)
        whole.replace(path)


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            f"the MLflow database {path} must be one that can be opened here: {error}; "
            "check the path and its permissions, or set MLFLOW_TRACKING_URI to another"
        ) from error
