"""Every test runs apart from the user's machine; those that ask for a `store` get an MLflow database of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from rcnas_zoo.tracking.store import Store

# MLflow reads it when it is first imported, which the collection of tests may do.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# A busy machine must not fail a property for being slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

OPEN_STORE = "from rcnas_zoo.tracking.store import current_store; current_store().client()"


def forget_mlflow(patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        if name != "MLFLOW_DISABLE_TELEMETRY":
            patch.delenv(name)


@pytest.fixture(autouse=True)
def no_mlflow_variables(monkeypatch):
    forget_mlflow(monkeypatch)


@pytest.fixture(scope="session")
def own_folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("own")


@pytest.fixture(autouse=True)
def own_cache_and_data(monkeypatch, own_folder):
    monkeypatch.setenv("RCNAS_CACHE", str(own_folder / "cache"))
    monkeypatch.setenv("RCNAS_DATA", str(own_folder / "data"))


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Tiny networks want one thread; tests that need no torch do not wait for its import."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def first_openers(tmp_path_factory) -> tuple[Path, list[tuple[int, str, str]]]:
    """A folder in which two processes opened the default store at once, and their exit codes, stdout and stderr."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        forget_mlflow(patch)
        command = [sys.executable, "-W", "error::ResourceWarning", "-c", OPEN_STORE]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes = [subprocess.Popen(command, cwd=folder, **pipes) for _ in range(2)]
    outputs = [process.communicate(timeout=300) for process in processes]
    return folder, [(process.returncode, *output) for process, output in zip(processes, outputs, strict=True)]


@pytest.fixture
def store(tmp_path, first_openers) -> Store:
    """An empty store of this test alone; one database is made for the whole session, and every test gets a copy."""
    database = tmp_path / "store" / "mlflow.db"
    database.parent.mkdir()
    shutil.copyfile(first_openers[0] / "mlflow.db", database)
    return Store(f"sqlite:///{database}", f"sqlite:///{database}")
