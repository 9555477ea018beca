"""Two processes at one benchmark, of which one is killed."""

import json
import os
import subprocess
import sys

from tests.baselines.studies.processes import ROOT, until
from tests.workflows.benchmarking.worker import TRAININGS, lines


def start(folder, store):
    command = [sys.executable, "-m", "tests.workflows.benchmarking.worker", str(folder)]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": store.tracking_uri, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


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


def test_a_killed_process_loses_nothing_and_nothing_is_trained_twice(store, tmp_path):
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    for folder in (alone, shared):
        folder.mkdir()
    (shared / "hang").touch()
    processes = [start(shared, store) for _ in range(2)]
    said = shared / "hanging"
    until(lambda: said.exists() and said.read_text().endswith("\n"))
    killed, other = sorted(processes, key=lambda process: process.pid != int(said.read_text()))
    assert len(lines(shared)) == TRAININGS - 1
    killed.kill()
    killed.communicate()
    (shared / "hang").unlink()
    table = table_of(other)
    assert len(lines(shared)) == len(set(lines(shared))) == TRAININGS
    assert without_times(table) == without_times(table_of(start(alone, store)))
    assert [row["seeds"][0]["trials"] for row in table["rows"]] == [2, 2]
