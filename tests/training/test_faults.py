"""A training is killed, or its disk is full: nothing is lost."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from rcnas_zoo.training.checkpoints import Checkpoints

from .interrupted_training import EVERYTHING, run
from .problems import same_weights

ROOT = Path(__file__).parents[2]
UPDATES = 8 * EVERYTHING.epochs
KILLS = 5


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the same training comes to in this process, with its checkpoints in another folder."""
    return run(tmp_path_factory.mktemp("undisturbed"))


def start(*arguments):
    command = [sys.executable, "-m", "tests.training.interrupted_training", *(str(argument) for argument in arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, **pipes)


def assert_same(folder, expected):
    facts = json.loads((folder / "facts.json").read_text())
    assert facts == {"curve": list(expected.curve), "best_epoch": expected.best_epoch}
    assert same_weights(load_file(folder / "best.safetensors"), expected.best)
    assert same_weights(load_file(folder / "last.safetensors"), expected.last)


def killed_at(folder, update):
    """Kills a training when it has told of an update; returns the first update that it did."""
    with start(folder) as process:
        first = done = int(process.stdout.readline())
        while done < update:
            done = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    return first


def test_a_training_that_is_killed_five_times_ends_bitwise_as_if_nothing_had_happened(tmp_path, undisturbed):
    points = sorted(random.Random(7).sample(range(2, UPDATES - 2), KILLS))
    first = [killed_at(tmp_path, point) for point in points]
    process = start(tmp_path)
    output, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    begun = [*first, int(output.split()[0])]
    # All goes on from the last update that was kept, at most one before the last that was told of.
    assert begun[0] == 1
    assert all(point <= later for point, later in zip(points, begun[1:], strict=True))
    assert_same(tmp_path, undisturbed)


def test_a_disk_that_is_full_costs_checkpoints_and_nothing_else(tmp_path, undisturbed):
    process = start(tmp_path, 10)
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0
    assert output.split() == [str(update) for update in range(1, UPDATES + 1)]
    warnings = errors.splitlines()
    assert len(warnings) == UPDATES - 9
    start_of_all = f"training goes on without a new checkpoint: a checkpoint must be written to {tmp_path / 'kept'}: "
    assert all(warning.startswith(start_of_all) and "File too large" in warning for warning in warnings)
    assert_same(tmp_path, undisturbed)
    # The last ones from before are whole, and a training goes on from them.
    names = sorted(path.name for path in (tmp_path / "kept").iterdir())
    assert names == [f"{done:09}.{suffix}" for done in (8, 9) for suffix in ("json", "safetensors")]
    assert Checkpoints(tmp_path / "kept").latest(pytest.fail).facts["done"] == 9
    assert same_weights(run(tmp_path).last, undisturbed.last)
