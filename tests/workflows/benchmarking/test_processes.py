"""Two processes at one benchmark, of which one is killed."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.baselines.studies.processes import ROOT, until
from tests.workflows.benchmarking.worker import TRAININGS, lines


@pytest.fixture
def start(store):
    """Starts a process; whatever it does at the end of the test, it is ended then."""
    with ExitStack() as started:

        def begin(folder):
            command = [sys.executable, "-m", "tests.workflows.benchmarking.worker", str(folder)]
            environment = {**os.environ, "MLFLOW_TRACKING_URI": store.tracking_uri, "OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            started.callback(process.wait)
            started.callback(process.kill)
            return process

        yield begin


def table_of(process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output)


def without_times(table):
    """What does not hang on how long anything took."""
    for row in table["rows"]:
        for part in (row, *row["seeds"]):
            del part["seconds"], part["search"]
    return table


def test_a_killed_process_loses_nothing_and_nothing_is_trained_twice(start, tmp_path):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    for folder in (alone, shared):
        folder.mkdir()
    (shared / "hang").touch()
    processes = [start(shared) for _ in range(2)]
    said = shared / "hanging"
    until(lambda: (said.exists() and said.read_text().endswith("\n")) or any(p.poll() is not None for p in processes))
    assert [process.poll() for process in processes] == [None, None]
    killed, other = sorted(processes, key=lambda process: process.pid != int(said.read_text()))
    assert len(lines(shared)) == TRAININGS - 1
    killed.kill()
    killed.communicate()
    (shared / "hang").unlink()
    table = table_of(other)
    assert len(lines(shared)) == len(set(lines(shared))) == TRAININGS
    assert without_times(table) == without_times(table_of(start(alone)))
    assert [row["seeds"][0]["trials"] for row in table["rows"]] == [2, 2]
