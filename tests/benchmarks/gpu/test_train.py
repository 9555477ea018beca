"""A training in slices ends as one that was never cut, however it was cut."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from benchmarks.gpu import train
from benchmarks.gpu.train import GO_ON
from benchmarks.gpu.weights import join
from benchmarks.gpu.work import whole_batches
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.observer import Silent

WORDS = (
    "train",
    "--network",
    "wrn-10-1",
    "--dataset",
    "digits",
    "--objective",
    "fast",
    "--epochs",
    "3",
    "--device",
    "cpu",
)


class Ending(Silent):
    """Ends the slice, as its time does, after one of its updates."""

    def __init__(self, update):
        self.update = update

    def progress(self, label, done, total, note=""):
        if done == self.update:
            signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def weights(monkeypatch):
    """The float32 weights that trainings leave, in their order."""
    seen, write = [], train.write_weights

    def keep(state, spec, best, size):
        seen.append(best)
        return write(state, spec, best, size)

    monkeypatch.setattr(train, "write_weights", keep)
    return seen


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def places(folder):
    return "--state", folder / "state", "--out", folder / "out"


def curve(folder):
    return json.loads((folder / "out" / "training.json").read_text())["curve"]


def test_two_slices_are_one_long_training_bit_for_bit(run, tmp_path, weights, monkeypatch):
    assert run(*WORDS, *places(tmp_path / "long"))[0] == 0
    with monkeypatch.context() as patch:
        patch.setattr(train, "Lines", lambda: Ending(31))
        code, out, err = run(*WORDS, *places(tmp_path / "cut"))
    assert (code, out, len(weights)) == (GO_ON, "", 1)
    assert "give the same command again to go on" in err
    assert not (tmp_path / "cut" / "out").exists()
    assert run(*WORDS, *places(tmp_path / "cut"))[0] == 0
    long, cut = weights
    assert long.keys() == cut.keys()
    assert all(torch.equal(long[name], cut[name]) for name in long)
    assert curve(tmp_path / "long") == curve(tmp_path / "cut")
    assert not list((tmp_path / "cut" / "state" / "checkpoints").glob("*"))


def test_a_training_killed_in_the_middle_goes_on_where_it_was(run, tmp_path, weights):
    run(*WORDS, *places(tmp_path / "whole"))
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "benchmarks.gpu", *WORDS, *map(str, places(killed)), "--keep-seconds", "0.2"]
    # As many threads as the tests have, for these decide the order of sums.
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    kept = killed / "state" / "checkpoints"
    while not list(kept.glob("*.json")) and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    first = max(int(path.stem) for path in kept.glob("*.json"))
    assert 0 < first < 69
    assert run(*WORDS, *places(killed))[0] == 0
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert curve(killed) == curve(tmp_path / "whole")


def test_the_clock_ends_a_slice(run, tmp_path):
    words = (*WORDS[:-3], "500", *WORDS[-2:])
    begun = time.monotonic()
    code, _, err = run(*words, *places(tmp_path), "--slice-minutes", "0.02")
    assert code == GO_ON
    assert time.monotonic() - begun < 10
    assert list((tmp_path / "state" / "checkpoints").glob("*.json"))
    assert "the slice is over" in err


def test_what_comes_back_are_the_weights_in_float16(run, tmp_path, weights):
    run(*WORDS, *places(tmp_path), "--part-size", "64KiB")
    assert max(path.stat().st_size for path in (tmp_path / "out").glob("weights.safetensors.0*")) == 64 << 10
    _, state = join(tmp_path / "out")
    for name, value in weights[0].items():
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(state[name], expected)
        assert state[name].dtype == value.dtype


def test_the_same_command_after_the_end_brings_everything_back_again(run, tmp_path):
    run(*WORDS, *places(tmp_path))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    code, out, _ = run(*WORDS, "--state", tmp_path / "state", "--out", tmp_path / "again")
    assert (code, "parts in all" in out) == (0, True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == before
    assert run("collect", "--state", tmp_path / "state", "--out", tmp_path / "one", "--parts", "1")[0] == 0
    names = {path.name for path in (tmp_path / "one").iterdir()}
    assert names == {"weights.safetensors.json", "weights.safetensors.001", "training.json"}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (("--objective", "sat"), "--objective fast, got sat"),
        (("--seed", "1"), "--seed 0, got 1"),
        (("--set", "momentum=0.8"), "--set momentum None, got 0.8"),
    ],
)
def test_another_training_in_the_same_folder_is_refused(run, tmp_path, monkeypatch, other, told):
    monkeypatch.setattr(train, "Lines", lambda: Ending(1))
    run(*WORDS, *places(tmp_path))
    code, _, err = run(*WORDS, *places(tmp_path), *other)
    assert (code, err.count("\n")) == (2, 1)
    assert f"holds a training with {told}; give the command that began it" in err


def test_epochs_are_planned_for_the_total_time(run, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "Lines", lambda: Ending(1))
    words = [*WORDS[:-4], *WORDS[-2:], *places(tmp_path), "--total-minutes", "10", "--spare", "0.2"]
    run(*words, "--images-per-second", "100", "--start-seconds", "60")
    # Two slices of 8.5 minutes: (600 - 120) s * 0.8 * 100 images/s are 34.8 epochs of 1,104 images.
    recipe = json.loads((tmp_path / "state" / "work.json").read_text())["recipe"]
    assert (recipe["epochs"], recipe["schedule"], recipe["objective"]) == (34, "one-cycle", "fast")


def test_a_rate_that_is_not_given_is_measured(run, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "Lines", lambda: Ending(1))
    monkeypatch.setattr(train, "TIMED_SECONDS", 0.05)
    assert run(*WORDS[:-4], *WORDS[-2:], *places(tmp_path), "--total-minutes", "1")[0] == GO_ON
    assert json.loads((tmp_path / "state" / "work.json").read_text())["recipe"]["epochs"] > 10


def test_a_training_needs_a_length(run, tmp_path):
    code, _, err = run(*WORDS[:-4], *places(tmp_path))
    assert (code, err) == (2, "error: a training must have a length, got none; give --total-minutes or --epochs\n")


def test_all_batches_have_one_size(digits):
    splits = whole_batches(digits.train, 48)
    assert len(splits.train) == 23 * 48
    assert len(splits.train) + len(splits.evaluation) == len(digits.train)
    assert len(splits.evaluation) >= len(digits.train) // 5


def test_few_images_are_trained_on_whatever_the_batch(digits):
    few = digits.train.select(range(100))
    assert len(whole_batches(few, 512).train) == 80
