from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.address import address_of
from rcnas_zoo.spec.errors import InvalidInput

CACHE, DIGEST = Path("/cache"), "d" * 64


def address(storage, name="bowl"):
    return address_of(storage, name, DIGEST, CACHE)


def test_without_words_a_study_has_a_journal_of_its_own_in_the_cache():
    found = address("")
    assert found.journal == CACHE / "studies" / f"{DIGEST}.journal"
    assert not found.url
    assert not found.is_server


def test_the_locks_of_a_file_lie_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for storage, file in {"journal:a/b": tmp_path / "a" / "b", "sqlite:///c.db": tmp_path / "c.db"}.items():
        found = address(storage)
        assert found.leases.parent == file.with_name(file.name + ".leases")
        assert not found.is_server


def test_a_file_stays_the_same_when_the_working_directory_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert address("journal:x").journal == tmp_path / "x"
    assert address("sqlite:///x.db").url == f"sqlite:///{tmp_path}/x.db"


def test_the_locks_of_a_server_lie_in_the_cache_and_its_password_is_not_shown():
    found = address("postgresql://me:secret@host/studies")
    assert found.is_server
    assert CACHE in found.leases.parents
    assert found.shown == "postgresql://***@host/studies"


def test_studies_in_one_place_have_locks_of_their_own():
    folders = [address("sqlite:////a.db", name).leases for name in ("one", "other")]
    assert folders[0] != folders[1]
    assert folders[0].parent == folders[1].parent


@pytest.mark.parametrize(
    "storage",
    [
        "studies.db",
        "://x",
        "1a://x",
        "sqlite://",
        "sqlite:///:memory:",
        "journal:",
        "journal:\0",
        "journal:/",
        "a://\0",
    ],
)
def test_what_is_no_storage_is_refused_in_one_line(storage):
    with pytest.raises(InvalidInput) as error:
        address(storage)
    assert "\n" not in str(error.value)


def refused_or_found(storage):
    try:
        return address(storage)
    except InvalidInput:
        return None


@given(st.text() | st.text().map(lambda rest: "x://me:secret@" + rest) | st.text().map(lambda rest: "journal:" + rest))
def test_any_words_are_an_address_or_refused(storage):
    found = refused_or_found(storage)
    if found is None:
        return
    assert (found.journal is None) == bool(found.url)
    assert found.leases.is_absolute()
    if storage.startswith("x://me:secret@"):
        assert "secret" not in found.shown
