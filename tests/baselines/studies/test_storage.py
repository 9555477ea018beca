import pytest

from rcnas_zoo.baselines.studies.storage import opened
from rcnas_zoo.spec.errors import Unavailable
from tests.baselines.studies.worker import plan_of


def address(tmp_path, storage):
    return plan_of(tmp_path, storage=storage).address


def open_it(tmp_path, storage):
    with opened(address(tmp_path, storage)):
        pass


@pytest.mark.parametrize("url", ["nonsense://host/x", "postgresql+nodriver://me:secret@host/x", "sqlite:///{}/text"])
def test_a_database_that_cannot_be_used_is_told_in_one_line_without_its_password(url, tmp_path):
    (tmp_path / "text").write_text("no database, " * 100)
    with pytest.raises(Unavailable, match="must be a database that Optuna can use") as error:
        open_it(tmp_path, url.format(tmp_path))
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_a_journal_that_is_a_folder_by_now_cannot_be_used(tmp_path):
    found = address(tmp_path, f"journal:{tmp_path}/x")
    (tmp_path / "x").mkdir()
    with pytest.raises(Unavailable, match="must be readable"), opened(found):
        pass


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="must be writable"):
        open_it(tmp_path, f"journal:{tmp_path}/file/x")


def break_it(file, address):
    with opened(address) as storage:
        storage.engine.dispose()
        file.write_text("no database, " * 1000)
        storage.get_all_studies()


def test_a_database_that_breaks_under_way_is_told_in_one_line(tmp_path):
    with pytest.raises(Unavailable, match="must be a database that Optuna can use"):
        break_it(tmp_path / "x.db", address(tmp_path, f"sqlite:///{tmp_path}/x.db"))
