"""Every test runs apart from the user's machine; those that ask for a `store` get an MLflow database of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.uris import default_uri

# MLflow reads it when it is first imported, which the collection of tests may do.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# A busy machine must not fail a property for being slow.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A job in the background of a shell ignores Ctrl-C and hands that on; some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture(scope="session")
def new_store(first_openers) -> Callable[[Path], Store]:
    """Makes an empty store in a new folder; its database is a copy of the one that the session makes."""

    def make(folder: Path) -> Store:
        folder.mkdir()
        shutil.copyfile(first_openers[0] / "mlflow.db", folder / "mlflow.db")
        return Store(default_uri(folder), default_uri(folder))

    return make


@pytest.fixture
def store(tmp_path, new_store) -> Store:
    """An empty store of this test alone."""
    return new_store(tmp_path / "store")


@pytest.fixture
def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture
def closed_server(closed_port) -> Store:
    """A store whose server does not run."""
    return Store(f"http://127.0.0.1:{closed_port}", f"http://127.0.0.1:{closed_port}")
