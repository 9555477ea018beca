"""Starting the processes of `worker.py` and waiting for what they say."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.baselines.studies.worker import counts

ROOT = Path(__file__).resolve().parents[3]


def start(folder: Path, seconds: float = 0.0) -> subprocess.Popen:
    command = [sys.executable, "-W", "error", "-m", "tests.baselines.studies.worker", str(folder), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen) -> list:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output)


def kill_at(trial: int, folder: Path, processes: Sequence[subprocess.Popen], done: list[int]) -> subprocess.Popen:
    """Kill the process that hangs in a trial, once the other has nothing left to do but to wait; returns the other."""
    said = folder / f"hanging-{trial}"
    until(lambda: said.exists() and said.read_text().endswith("\n"))
    killed, other = sorted(processes, key=lambda process: process.pid != int(said.read_text()))
    assert killed.pid == int(said.read_text())
    until(lambda: counts(folder, "done") == done)
    killed.kill()
    killed.communicate()
    (folder / f"hang-{trial}").unlink()
    return other


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
