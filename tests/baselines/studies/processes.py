"""Starting the processes of `worker.py` and waiting for what they say."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def start(folder: Path, seconds: float = 0.0) -> subprocess.Popen:
    command = [sys.executable, "-W", "error", "-m", "tests.baselines.studies.worker", str(folder), str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen) -> list:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(output)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
