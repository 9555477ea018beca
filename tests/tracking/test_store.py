import subprocess
import sys
import time

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store, current_store


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_variables_it_is_the_database_of_the_working_directory(here):
    uri = f"sqlite:///{here}/mlflow.db"
    assert current_store() == Store(uri, uri)


def test_the_tracking_variable_names_both(here, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    uri = f"sqlite:///{here}/other.db"
    assert current_store() == Store(uri, uri)


def test_the_registry_variable_names_the_registry_alone(here, monkeypatch):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://models:5000")
    assert current_store() == Store(f"sqlite:///{here}/mlflow.db", "http://models:5000")


def test_empty_variables_count_as_unset(here, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "")
    assert current_store().registry_uri == f"sqlite:///{here}/mlflow.db"


def test_a_client_reads_the_store(store):
    client = store.client()
    assert client.search_registered_models() == []
    assert [experiment.name for experiment in client.search_experiments()] == ["Default"]


def test_a_store_without_a_database_has_neither_runs_nor_models(store, tmp_path):
    absent = f"sqlite:///{tmp_path}/absent.db"
    assert store.has_runs
    assert store.has_models
    assert not Store(absent, store.registry_uri).has_runs
    assert not Store(store.tracking_uri, absent).has_models
    assert Store("http://host", "http://host").has_models


@pytest.mark.parametrize("which", ["tracking", "registry"])
def test_an_unreachable_server_is_told_within_seconds(which, store, closed_port):
    server = f"http://127.0.0.1:{closed_port}"
    broken = Store(server, server) if which == "tracking" else Store(store.tracking_uri, server)
    start = time.monotonic()
    with pytest.raises(Unavailable, match=f"the MLflow server {server} must answer"):
        broken.client()
    assert time.monotonic() - start < 5


def test_a_store_of_plain_files_is_refused(tmp_path):
    with pytest.raises(Unavailable, match="must be a database or a server"):
        Store(str(tmp_path), str(tmp_path)).client()


def test_a_read_only_database_can_be_read_but_takes_no_run(store, here):
    path = store.tracking_uri.removeprefix("sqlite:///")
    uri = f"sqlite:///file:{path}?mode=ro&uri=true"
    frozen = Store(uri, uri)
    assert frozen.client().search_registered_models() == []
    with (
        pytest.raises(Unavailable, match=r"attempt to write a readonly database.*set MLFLOW_TRACKING_URI") as error,
        open_run(frozen, "train", "x", {}),
    ):
        pass
    assert "\n" not in str(error.value)


def test_the_current_store_is_known_without_importing_mlflow():
    code = (
        "import sys; from rcnas_zoo.tracking.store import current_store; current_store();"
        "import rcnas_zoo.tracking.runs, rcnas_zoo.tracking.listing, rcnas_zoo.tracking.observer;"
        "sys.exit(any(name in sys.modules for name in ('mlflow', 'sqlalchemy', 'torch')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
