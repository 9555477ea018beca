from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.uris import absolute_uri, check_kind, database_path, default_uri, is_server, shown


@pytest.mark.parametrize("name", ["plain", "with space", "a#b", "über"])
@pytest.mark.parametrize("found", ["", "mlruns/README.md", "mlruns/0/meta.yaml", "mlruns/models/meta.yaml"])
def test_the_default_store_of_a_folder_is_the_one_that_mlflow_takes_there(name, found, tmp_path, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    if found:
        (folder / found).parent.mkdir(parents=True)
        (folder / found).touch()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    import mlflow

    assert default_uri(folder) == mlflow.get_tracking_uri()


@given(
    st.lists(
        st.text(st.characters(exclude_characters="/\0?", exclude_categories=["Cs"]), min_size=1, max_size=20),
        max_size=4,
    )
)
def test_the_file_of_a_default_store_is_found_again_whatever_its_folder_is_called(parts):
    folder = Path("/", *[part for part in parts if part not in (".", "..")])
    assert database_path(default_uri(folder)) == folder / "mlflow.db"


def test_a_relative_database_becomes_absolute_and_keeps_its_options(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute_uri("sqlite:///runs/x.db?timeout=5") == f"sqlite:///{tmp_path}/runs/x.db?timeout=5"


def test_an_absolute_uri_stays_the_same():
    uri = "sqlite:////srv/my%20runs/x.db"
    assert absolute_uri(uri) == uri
    assert database_path(uri) == Path("/srv/my runs/x.db")


@pytest.mark.parametrize(
    "uri", ["http://host:5000", "postgresql://host/db", "sqlite://", "sqlite:///:memory:", "sqlite:///file:/x?uri=true"]
)
def test_other_stores_have_no_database_file_and_stay_as_they_are(uri):
    assert database_path(uri) is None
    assert absolute_uri(uri) == uri


def test_only_http_is_a_server():
    assert is_server("https://host/mlflow")
    assert is_server("http://localhost:5000")
    assert not is_server("postgresql://host/db")
    assert not is_server("sqlite:////http://x")


def test_a_password_is_never_shown():
    assert shown("https://ann:secret@host:5000/x") == "https://***@host:5000/x"
    assert shown("postgresql://ann:secret@host/db") == "postgresql://***@host/db"
    assert shown("http://ann:p/w@ss@host") == "http://***@host"
    assert shown("sqlite:////home/a@b/mlflow.db") == "sqlite:////home/a@b/mlflow.db"


@pytest.mark.parametrize("uri", ["mlruns", "./mlruns", "/srv/mlruns", "file:///srv/mlruns"])
def test_a_store_of_plain_files_is_refused_with_the_way_to_move_it(uri):
    with pytest.raises(Unavailable, match=r"must be a database or a server, got the folder .*mlflow migrate-filestore"):
        check_kind(uri)


@pytest.mark.parametrize("uri", ["sqlite:///x.db", "http://host", "postgresql://host/db", "databricks"])
def test_databases_and_servers_are_taken(uri):
    check_kind(uri)
