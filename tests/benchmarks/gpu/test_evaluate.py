"""A measurement in slices finds what one long one finds, and proves it."""

import json
import shutil
import signal
from itertools import count

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.gpu import evaluate, slices
from benchmarks.gpu.__main__ import main
from benchmarks.gpu.train import GO_ON
from benchmarks.gpu.weights import join
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.evaluation import limits
from rcnas_zoo.evaluation.evaluate import evaluate as attack
from rcnas_zoo.evaluation.ledger import Ledger
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.loading import fitted_model, load_model

WORDS = ("evaluate", "--attacks", "pgd-5,apgd-ce", "--samples", "24", "--batch-size", "8", "--device", "cpu")


class Ending(Silent):
    """Ends the slice once the second attack has had a batch."""

    def progress(self, label, done, total, note=""):
        if note == "apgd-ce" and done == 8:
            signal.raise_signal(signal.SIGTERM)


def command(*words):
    """Runs a command for a fixture of the module, which no fixture of a test begins a slice for."""
    minutes = 10 + slices.spent() / 60
    assert main([*map(str, words), "--slice-minutes", str(minutes)]) == 0


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The state of a small training that is done."""
    folder = tmp_path_factory.mktemp("trained")
    words = "train --network wrn-10-1 --dataset digits --objective fast --epochs 4 --device cpu"
    command(*words.split(), "--state", folder / "state", "--out", folder / "out")
    return folder / "state"


@pytest.fixture(scope="module")
def measured(trained, tmp_path_factory):
    """What comes back of it when it has been measured."""
    folder = tmp_path_factory.mktemp("measured")
    command(*WORDS, "--state", shutil.copytree(trained, folder / "state"), "--out", folder / "out")
    return folder / "out"


def found(folder):
    return json.loads((folder / "evaluation.json").read_text())


def test_it_measures_the_network_that_travels(measured):
    spec, weights = join(measured)
    told = found(measured)["measurement"]
    images, model = subset(load_dataset("digits").test(), 24, 0), fitted_model(spec, weights)
    report = attack(model, images.floats(), images.labels, attacks=["pgd-5", "apgd-ce"], threat="linf@1/5")
    assert told["attacks"] == report.attacks
    assert told["robust_accuracy"] == report.robust_accuracy
    assert told["interval"] == list(report.interval)
    assert (told["clean_accuracy"], told["data_digest"]) == (report.clean_accuracy, images.digest)
    assert 0 < told["robust_accuracy"] < told["clean_accuracy"]


def test_every_accuracy_has_an_interval_that_holds_it(measured):
    accuracies = found(measured)["accuracies"]
    assert set(accuracies) == {"clean", "pgd-5", "apgd-ce", "robust"}
    assert all(each["interval"][0] <= each["accuracy"] <= each["interval"][1] for each in accuracies.values())


def test_a_slice_that_was_cut_goes_on_with_its_verdicts(run, measured, tmp_path, trained, monkeypatch):
    cut = shutil.copytree(trained, tmp_path / "cut")
    places = ("--state", cut, "--out", tmp_path / "other")
    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "Lines", Ending)
        assert run(*WORDS, *places)[0] == GO_ON
    assert not (tmp_path / "other").exists()
    anew = []
    record = Ledger.record
    monkeypatch.setattr(Ledger, "record", lambda ledger, part: (anew.append(len(part.numbers)), record(ledger, part)))
    assert run(*WORDS, *places)[0] == 0
    # Clean and PGD-5 were done, and a batch of APGD-CE.
    assert anew == [8, 8]
    assert {**found(tmp_path / "other"), "seconds": 0} == {**found(measured), "seconds": 0}


def test_time_that_is_up_leaves_an_estimate_and_the_next_slice_ends_it(run, measured, tmp_path, trained, monkeypatch):
    places = ("--state", shutil.copytree(trained, tmp_path / "late"), "--out", tmp_path / "other")
    looks = count(step=100)
    with monkeypatch.context() as patch:
        patch.setattr(limits, "monotonic", lambda: next(looks))
        # Three batches of PGD-5 and one of APGD-CE are begun within three quarters of ten minutes.
        code, out, _ = run(*WORDS, *places, "--slice-minutes", "10")
    told = json.loads(out)
    assert (code, told["complete"]) == (GO_ON, False)
    assert any(flag.startswith("estimated: ") for flag in told["flags"])
    low, high = told["accuracies"]["robust"]["interval"]
    assert low <= found(measured)["accuracies"]["robust"]["accuracy"] <= high
    assert run(*WORDS, *places)[0] == 0
    assert found(tmp_path / "other")["measurement"] == found(measured)["measurement"]


def test_an_entry_of_it_loads_and_is_verified(run, measured, tmp_path):
    folder = tmp_path / "toy-5k"
    code, _, err = run("entry", measured, "--to", folder)
    assert code == 0, err
    entry = read_entry(folder)
    spec, weights = join(measured)
    assert entry.spec == spec
    assert all((load_model(entry).state_dict()[name] == value).all() for name, value in weights.items())
    assert entry.record.measured[0].robust_accuracy == found(measured)["accuracies"]["robust"]["accuracy"]
    assert entry.record.recipe.objective == "fast"
    assert entry.record.lineage["weights"].startswith("rounded to float16")
    assert {value.dtype for value in load_file(folder / "weights.safetensors").values()} == {torch.float16, torch.int64}
    checks = {check.name: check for check in verify_entry(str(folder)).checks}
    assert all(check.passed for check in checks.values())
    assert "broken by stored examples" in str(checks["receipt"])


def test_an_entry_takes_the_place_of_its_architecture_and_tells_where_its_weights_lie(run, measured, tmp_path):
    folder, url = tmp_path / "toy-5k", "https://example.org/weights.safetensors"
    run("entry", measured, "--to", folder, "--weights-dtype", "float32")
    assert (read_entry(folder).record.weights_dtype, read_entry(folder).record.weights_url) == ("float32", "")
    code, _, err = run("entry", measured, "--to", folder, "--weights-url", url)
    assert (code, "allow to replace it (--replace)" in err) == (2, True)
    assert run("entry", measured, "--to", folder, "--weights-url", url, "--replace")[0] == 0
    record = read_entry(folder).record
    assert (record.weights_dtype, record.weights_url) == ("float16", url)
    assert record.weights_size == (folder / "weights.safetensors").stat().st_size


def test_an_entry_is_not_made_of_half_a_measurement(run, measured, tmp_path):
    half = shutil.copytree(measured, tmp_path / "half")
    (half / "evaluation.json").write_text(json.dumps({**found(measured), "complete": False}))
    code, _, err = run("entry", half, "--to", tmp_path / "toy-5k")
    assert (code, err.count("\n")) == (2, 1)
    assert "must be measured to the end" in err


def test_what_is_not_trained_is_not_measured(run, tmp_path):
    code, _, err = run(*WORDS, "--state", tmp_path / "none", "--out", tmp_path / "out")
    assert (code, err.count("\n")) == (3, 1)
    assert "must be done before it is measured" in err
