"""A real MLflow server that goes away in the middle of a training."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking import backlog, link, server
from rcnas_zoo.tracking.observer import RunObserver
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store

from .listener import Listener

STARTING_SECONDS = 240


@contextmanager
def serving(store, port):
    """An MLflow server of a database."""
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command = [Path(sys.executable).with_name("mlflow"), *words, "--backend-store-uri", store.tracking_uri]
    folder = Path(store.tracking_uri.removeprefix("sqlite:///")).parent
    settings = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, env=settings, start_new_session=True, **quiet) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def await_server(uri):
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        with suppress(Unavailable):
            return server.check_server(uri)
        time.sleep(0.05)
    raise AssertionError("the server does not start")


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(server, "ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(backlog, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(backlog, "RETRY_SHARE", 0)
    monkeypatch.setattr(link, "PATIENCE_SECONDS", STARTING_SECONDS)
    monkeypatch.setattr(link, "PAUSE_SECONDS", 0.05)


def told_by(people):
    return [re.sub(r".*must answer, got: .*; (the work|waiting).*", r"\1", message) for message in people.warnings]


def test_a_training_outlives_its_server_and_everything_arrives(store, closed_port, hurried):
    uri, people = f"http://127.0.0.1:{closed_port}", Listener()
    with ExitStack() as servers, serving(store, closed_port) as first:
        await_server(uri)
        with open_run(Store(uri, uri), "train", "x", {}, people=people) as run:
            observer = RunObserver(run)
            observer.epoch(1, 9, {"loss": 1.0})
            os.killpg(first.pid, signal.SIGSTOP)
            observer.epoch(2, 9, {"loss": 0.5})
            assert told_by(people) == ["the work"]
            os.killpg(first.pid, signal.SIGCONT)
            observer.warning("out of memory")
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
            for epoch in range(3, 10):
                observer.epoch(epoch, 9, {"loss": 1 / epoch})
            assert told_by(people) == ["the work", "the work"]
            servers.enter_context(serving(store, closed_port))
            run.metrics({"test.clean": 0.75}, 0)
            run.artifact("curve.json", "[]")
        assert told_by(people) == ["the work", "the work", "waiting"]
        assert [file.path for file in Store(uri, uri).client().list_artifacts(run.id)] == ["curve.json"]
    client = store.client()
    found = client.get_run(run.id)
    losses = [(point.step, point.value) for point in client.get_metric_history(run.id, "loss")]
    assert losses == [(1, 1.0), (2, 0.5), *((epoch, 1 / epoch) for epoch in range(3, 10))]
    assert found.info.status == "FINISHED"
    assert found.data.metrics["test.clean"] == 0.75
    assert found.data.tags["rcnas.warnings"] == "out of memory"
