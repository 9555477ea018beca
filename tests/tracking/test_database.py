import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking import database
from rcnas_zoo.tracking.database import ready_database
from rcnas_zoo.tracking.uris import database_path


@pytest.fixture
def makings(monkeypatch):
    """Stands for MLflow, which takes seconds: notes each making and leaves a database of one table."""
    noted = []

    def make(tracking_uri, registry_uri):
        assert tracking_uri == registry_uri
        noted.append(tracking_uri)
        time.sleep(0.05)
        with closing(sqlite3.connect(database_path(tracking_uri))) as fresh:
            fresh.execute("CREATE TABLE runs (id)")

    monkeypatch.setattr(database, "make_client", make)
    return noted


def tables(path):
    with closing(sqlite3.connect(path)) as found:
        return found.execute("SELECT name FROM sqlite_master").fetchall()


def test_two_processes_that_open_a_new_store_at_once_both_succeed_and_say_nothing(first_openers):
    folder, processes = first_openers
    assert processes == [(0, "", ""), (0, "", "")]
    assert ("experiments",) in tables(folder / "mlflow.db")
    # Stores of other tests are copies of this one, so their artifacts may lie here.
    assert {path.name for path in folder.iterdir()} - {"mlruns"} == {"mlflow.db"}


def test_an_absent_database_is_made_once_however_many_ask(tmp_path, makings):
    path = tmp_path / "a folder" / "mlflow.db"
    with ThreadPoolExecutor(8) as asking:
        list(asking.map(ready_database, [path] * 8))
    assert len(makings) == 1
    assert tables(path) == [("runs",)]
    assert [found.name for found in path.parent.iterdir()] == ["mlflow.db"]


def test_a_database_that_is_there_is_not_made_again(tmp_path, makings):
    path = tmp_path / "mlflow.db"
    ready_database(path)
    ready_database(path)
    assert len(makings) == 1


def test_an_interrupted_making_leaves_no_half_made_database(tmp_path, makings, monkeypatch):
    path = tmp_path / "mlflow.db"
    half = pytest.MonkeyPatch()

    def interrupted(tracking_uri, _):
        database_path(tracking_uri).write_bytes(b"half of a database")
        raise KeyboardInterrupt

    half.setattr(database, "make_client", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ready_database(path)
    half.undo()
    assert not path.exists()
    ready_database(path)
    assert tables(path) == [("runs",)]


def test_what_a_killed_process_left_half_written_is_undone(tmp_path, makings):
    live, left = tmp_path / "live.db", tmp_path / "left.db"
    ready_database(live)
    with closing(sqlite3.connect(live)) as writing:
        writing.execute("PRAGMA cache_size = 1")
        writing.execute("BEGIN")
        writing.executemany("INSERT INTO runs VALUES (?)", [("x" * 1000,)] * 1000)
        for suffix in ("", "-journal"):
            shutil.copyfile(f"{live}{suffix}", f"{left}{suffix}")
    ready_database(left)
    with closing(sqlite3.connect(left)) as found:
        assert found.execute("SELECT count(*) FROM runs").fetchone() == (0,)


def test_a_path_below_a_file_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match=r"must be one that can be opened here: .*set MLFLOW_TRACKING_URI") as error:
        ready_database(tmp_path / "file" / "mlflow.db")
    assert "\n" not in str(error.value)


def test_a_folder_that_takes_no_new_file_is_told_in_one_line():
    with pytest.raises(Unavailable, match=r"/proc/mlflow\.db must be one that can be opened here: "):
        ready_database(database_path("sqlite:////proc/mlflow.db"))


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_bytes(b"no database" * 1000)])
def test_something_else_in_its_place_is_told_at_once(tmp_path, make):
    path = tmp_path / "mlflow.db"
    make(path)
    start = time.monotonic()
    with pytest.raises(Unavailable, match="must be one that can be opened here"):
        ready_database(path)
    assert time.monotonic() - start < 2
