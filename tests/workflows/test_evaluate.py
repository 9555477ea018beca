import json
from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.evaluate import evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.evaluation_text import evaluation_text
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.registry import publish
from rcnas_zoo.zoo.writing import write_entry

from .quick import Heard

QUICK = EvaluateSettings(attacks=("pgd-2",))


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine whose verdicts these tests share."""
    return Machine(cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture
def folder(trained):
    return str(trained.entry.folder)


def test_an_entry_is_measured_on_its_own_data_under_its_own_threat(folder, trained, machine):
    found = evaluate_entry(folder, QUICK, machine)
    assert found.measurement == trained.entry.record.measured[0]
    assert (found.model, found.measurement.dataset, found.measurement.threat) == (folder, "digits", "linf@1/5")
    assert found.run_id is None


def test_a_registered_name_is_measured_alike(folder, here, machine):
    publish(folder, "robust-mine", here)
    by_name, by_folder = (evaluate_entry(model, QUICK, machine) for model in ("robust-mine", folder))
    assert replace(by_name, model="") == replace(by_folder, model="")


def test_a_threat_can_be_asked_for(folder, machine):
    mild = evaluate_entry(folder, replace(QUICK, threat=ThreatModel("linf", Fraction(1, 100))), machine)
    assert mild.measurement.threat == "linf@1/100"
    assert mild.measurement.robust_accuracy > evaluate_entry(folder, QUICK, machine).measurement.robust_accuracy


def test_samples_are_a_fixed_choice_that_hangs_on_the_seed(folder, machine):
    first, again, other = (
        evaluate_entry(folder, replace(QUICK, samples=20, seed=seed), machine).measurement for seed in (3, 3, 4)
    )
    assert first == again
    assert first.samples == other.samples == 20
    assert first.data_digest == subset(load_dataset("digits").test(), 20, 3).digest != other.data_digest


def test_several_attacks_are_measured_and_the_worst_counts(folder, machine):
    found = evaluate_entry(folder, EvaluateSettings(attacks=("fgsm", "pgd-2")), machine).measurement
    assert list(found.attacks) == ["fgsm", "pgd-2"]
    assert found.robust_accuracy <= min(found.attacks.values())


def test_other_data_is_attacked_under_its_own_default_threat(folder, machine, tmp_path):
    images, labels = np.zeros((20, 8, 8), dtype=np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "mine", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    name = f"npz:{tmp_path}/mine.npz"
    found = evaluate_entry(folder, replace(QUICK, dataset=name), machine).measurement
    assert (found.dataset, found.threat, found.samples) == (name, "linf@8/255", 20)


def test_data_of_another_shape_is_refused(folder, machine, tmp_path):
    images, labels = np.zeros((20, 9, 9), dtype=np.uint8), np.arange(20) % 10
    np.savez(tmp_path / "mine", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    with pytest.raises(InvalidInput, match=r"must take images \(1, 9, 9\) of 10 classes, got \(1, 8, 8\)"):
        evaluate_entry(folder, replace(QUICK, dataset=f"npz:{tmp_path}/mine.npz"), machine)


def test_an_entry_that_names_no_data_needs_it_given(trained, machine, tmp_path):
    spec, state = trained.entry.spec, load_model(trained.entry).state_dict()
    bare = str(write_entry(tmp_path / "bare", spec, new_record("bare", spec), state).folder)
    with pytest.raises(InvalidInput, match=r"a data set must be given for .*bare', of which no record names one"):
        evaluate_entry(bare, QUICK, machine)
    found = evaluate_entry(bare, replace(QUICK, dataset="digits"), machine).measurement
    assert found == trained.entry.record.measured[0]


def test_absent_data_and_unknown_data_are_refused(folder, machine):
    with pytest.raises(NotFound, match="cifar10"):
        evaluate_entry(folder, replace(QUICK, dataset="cifar10"), machine)
    with pytest.raises(InvalidInput, match=r"did you mean 'digits'\?"):
        evaluate_entry(folder, replace(QUICK, dataset="digit"), machine)


def test_a_tracked_evaluation_is_a_run(folder, here, machine):
    found = evaluate_entry(folder, replace(QUICK, track=True, samples=20, seed=3), machine)
    run = here.client().get_run(found.run_id)
    assert (run.info.status, run.data.tags["rcnas.workflow"]) == ("FINISHED", "evaluate")
    assert run.data.params == {
        "model": folder,
        "dataset": "digits",
        "threat": "linf@1/5",
        "samples": "20",
        "seed": "3",
    }
    assert run.data.metrics == {
        "test.clean": found.measurement.clean_accuracy,
        "test.robust": found.measurement.robust_accuracy,
        "test.pgd-2": found.measurement.attacks["pgd-2"],
    }
    kept = here.client().download_artifacts(found.run_id, "measured.json")
    with open(kept, encoding="utf-8") as file:
        assert json.load(file) == json.loads(json.dumps(asdict(found.measurement)))


def test_the_watcher_hears_of_the_attack(folder, tmp_path):
    heard = Heard()
    evaluate_entry(folder, replace(QUICK, samples=5), Machine(cache=tmp_path), heard)
    assert {label for label, *_ in heard.steps} == {f"attacking {folder}"}


def test_a_small_network_is_attacked_with_one_thread(folder, tmp_path, monkeypatch):
    counts = []

    class Counting(Silent):
        def progress(self, label, done, total, note=""):
            counts.append(torch.get_num_threads())

    torch.set_num_threads(2)
    try:
        evaluate_entry(folder, replace(QUICK, samples=5), Machine(cache=tmp_path), Counting())
        assert (set(counts), torch.get_num_threads()) == ({1}, 2)
    finally:
        torch.set_num_threads(1)


def test_the_json_and_the_text_say_the_same(folder, machine):
    found = evaluate_entry(folder, EvaluateSettings(attacks=("clean", "pgd-2")), machine)
    data, text = json.loads(json.dumps(found.to_dict())), evaluation_text(found)
    wanted = {"model", "dataset", "threat", "seed", "samples", "clean_accuracy", "attacks", "robust_accuracy"}
    assert wanted | {"interval", "flags", "seconds"} <= data.keys()
    assert text.startswith(f"{folder} on 360 test images of digits, threat linf@1/5, seed 0")
    assert text.count("\nclean ") == 1
    low, high = (f"{100 * bound:.1f} %" for bound in data["interval"])
    assert f"robust accuracy {100 * data['robust_accuracy']:.1f} % (95 % interval {low} to {high})" in text
    assert all(f"warning: {flag}" in text for flag in data["flags"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"samples": -1}, "the samples must be at least 0"),
        ({"seed": -1}, "the seed must be at least 0"),
        ({"attacks": ("pdg-20",)}, "an attack must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        EvaluateSettings(**change)
