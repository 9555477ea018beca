import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from rcnas_zoo.candidates import training
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import OBJECTIVES
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.tracking.runs import TrackedRun
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.train import TrainSettings, default_folder, train
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.show import describe

from .quick import Heard

QUICK = TrainSettings(epochs=1, attacks=("pgd-2",))


@pytest.fixture
def machine(trained):
    """The machine that knows the training of the entry `mine`."""
    return Machine(cache=trained.entry.folder.parent / "cache")


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained"))


def test_an_entry_is_whole_and_tells_what_it_is(trained):
    record = trained.entry.record
    assert verify_entry(str(trained.entry.folder)).passed
    assert (record.name, record.dataset, record.threat) == ("mine", "digits", "linf@1/5")
    assert record.recipe == named_recipe("digits-final").with_changes(
        objective="trades", attack_start="gaussian", epochs=1
    )
    (measured,) = record.measured
    assert (measured.split, measured.samples, list(measured.attacks)) == ("test", 360, ["pgd-2"])
    assert measured.clean_accuracy > 0.3
    assert record.lineage["network"] == "wrn-10-1"
    assert describe(trained.entry)["weights"]


def test_the_run_has_settings_curve_accuracies_and_entry(trained):
    client = trained.store.client()
    run = client.get_run(trained.entry.record.lineage["run_id"])
    assert (run.info.status, run.info.run_name) == ("FINISHED", "train wrn-10-1 on digits")
    assert (run.data.params["network"], run.data.params["dataset"], run.data.params["seed"]) == (
        "wrn-10-1",
        "digits",
        "0",
    )
    assert json.loads(run.data.params["recipe"]) == trained.entry.record.recipe.to_dict()
    assert run.data.metrics["test.pgd-2"] == trained.entry.record.measured[0].attacks["pgd-2"]
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [1]
    files = {file.path for file in client.list_artifacts(run.info.run_id, "entry")}
    assert files == {f"entry/{name}" for name in trained.entry.record.files}


def test_the_same_training_again_is_taken_from_the_cache_with_its_curve(trained, machine, here, tmp_path, no_training):
    heard = Heard()
    again = train("wrn-10-1", "digits", tmp_path / "again", QUICK, machine, heard)
    assert heard.epochs == [1]
    assert here.client().get_metric_history(again.record.lineage["run_id"], "loss")
    first, second = load_model(trained.entry).state_dict(), load_model(again).state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())
    assert again.record.measured == trained.entry.record.measured


def test_a_stored_spec_can_be_trained_and_its_path_is_nobodys_business(trained, machine, here, tmp_path, no_training):
    (tmp_path / "spec.json").write_text(trained.entry.spec.to_json())
    entry = train(str(tmp_path / "spec.json"), "digits", tmp_path / "other", QUICK, machine)
    assert entry.spec == trained.entry.spec
    assert entry.record.lineage["network"] == "spec.json"


@pytest.mark.parametrize("network", ["lrnas-1@4", "robnet-1@4"])
def test_a_network_of_cells_becomes_an_entry_that_verifies(network, here, tmp_path):
    settings = TrainSettings(objective="sat", epochs=1, train_size=32, attacks=("pgd-2",))
    entry = train(network, "digits", tmp_path / "mine", settings, Machine(cache=tmp_path / "cache"))
    assert entry.spec == named_spec(network, InputSpec((1, 8, 8)))
    assert verify_entry(str(entry.folder)).passed
    assert describe(entry)["macs"] == cost(entry.spec).macs
    with torch.no_grad():
        assert load_model(entry)(torch.zeros(1, 1, 8, 8)).isfinite().all()


def test_without_attacks_in_training_there_is_no_threat_in_the_record(here, tmp_path):
    settings = TrainSettings(objective="clean", epochs=1, attacks=("fgsm",))
    entry = train("wrn-10-1", "digits", tmp_path / "mine", settings, Machine(cache=tmp_path / "cache"))
    assert (entry.record.threat, entry.record.measured[0].threat) == ("", "linf@1/5")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "sta"}, r"the objective must be .*did you mean 'sat'\?"),
        ({"threat": ThreatModel.parse("l2@0.5")}, "the threat of a recipe must be Linf"),
        ({"attacks": ("pdg-20",)}, "an attack must be"),
        ({"epochs": -1}, "the epochs must be at least 0"),
        ({"recipe": "advance"}, r"a training recipe must be .*did you mean 'advanced'\?"),
        ({"changes": {"bta": 4}}, r"a training recipe has no field 'bta' .did you mean 'beta'\?"),
        ({"changes": {"inner_attack": "autoattack"}}, "the inner attack must be one of .*passes an image"),
        ({"compile": "yes"}, "compile must be one of auto, on, off, got 'yes'"),
        ({"train_size": -1}, "the images to train on must be at least 0"),
        ({"seed": -1}, "the seed must be at least 0"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_trained(changes, message, here, tmp_path, no_training):
    with pytest.raises(InvalidInput, match=message):
        train("wrn-10-1", "digits", tmp_path / "mine", TrainSettings(**changes), Machine(cache=tmp_path / "cache"))
    assert here.client().search_runs(["0"]) == []


@pytest.mark.parametrize(("name", "message"), [("taken", "must not exist, got"), ("no name", "a zoo name must be")])
def test_a_folder_that_cannot_be_the_entry_is_refused_before_anything_is_trained(name, message, tmp_path, no_training):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InvalidInput, match=message):
        train("wrn-10-1", "digits", tmp_path / name, QUICK, Machine(cache=tmp_path / "cache"))


@pytest.mark.parametrize(
    ("network", "dataset", "folder"),
    [
        ("wrn-16-2", "digits", "wrn-16-2-digits"),
        ("advrush-7@96", "digits", "advrush-7-96-digits"),
        ("./specs/small.json", "cifar10", "small-cifar10"),
        ("robust-1.5m@digits", "digits", "robust-1.5m-digits"),
        ("robust-2m:3", "npz:/data/Mine 2.npz", "robust-2m-mine-2"),
    ],
)
def test_the_default_folder_is_named_after_network_and_data(network, dataset, folder):
    assert default_folder(network, dataset) == Path(folder)


class CutOff(Silent):
    """Ends the work after an epoch, and counts the updates that it was told of."""

    def __init__(self, epoch=0):
        self.after, self.updates = epoch, []

    def epoch(self, number, total, metrics):
        if number == self.after:
            raise RuntimeError("cut off")

    def progress(self, label, done, total, note=""):
        if label == "training the network":
            self.updates.append(done)


def test_a_training_that_was_cut_off_goes_on_in_the_same_run_and_no_step_is_logged_twice(here, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "Checkpoints", partial(Checkpoints, every_seconds=0.0))
    settings = TrainSettings(epochs=3, attacks=("pgd-2",), changes={"batch_size": 256, "weight_average": 0.9})
    machine = Machine(cache=tmp_path / "cache")
    with pytest.raises(RuntimeError, match="cut off"):
        train("wrn-10-1", "digits", tmp_path / "mine", settings, machine, CutOff(2))
    client = here.client()
    (experiment,) = client.search_experiments(filter_string="name = 'rcnas-zoo'")
    (cut,) = client.search_runs([experiment.experiment_id])
    second = CutOff()
    entry = train("wrn-10-1", "digits", tmp_path / "mine", settings, machine, second)
    assert entry.record.lineage["run_id"] == cut.info.run_id
    assert [point.step for point in client.get_metric_history(cut.info.run_id, "loss")] == [1, 2, 3]
    assert second.updates[0] > 5
    assert not list((tmp_path / "cache" / "checkpoints").iterdir())
    whole = train("wrn-10-1", "digits", tmp_path / "whole", settings, Machine(cache=tmp_path / "other"))
    first, other = load_model(entry).state_dict(), load_model(whole).state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in other.items())


def test_a_run_that_breaks_after_its_folder_was_written_is_completed_by_the_same_command(here, tmp_path, monkeypatch):
    settings, machine = TrainSettings(epochs=1, attacks=("clean",), train_size=50), Machine(cache=tmp_path / "cache")
    keep = TrackedRun.folder

    def lost(run, folder, name):
        raise Unavailable("the server is gone")

    monkeypatch.setattr(TrackedRun, "folder", lost)
    with pytest.raises(Unavailable, match="the server is gone"):
        train("wrn-10-1", "digits", tmp_path / "mine", settings, machine)
    first = read_entry(tmp_path / "mine").record.lineage["run_id"]
    with pytest.raises(InvalidInput, match="must not exist"):
        train("wrn-10-1", "digits", tmp_path / "mine", replace(settings, seed=1), machine)
    monkeypatch.setattr(TrackedRun, "folder", keep)
    entry = train("wrn-10-1", "digits", tmp_path / "mine", settings, machine)
    assert entry.record.lineage["run_id"] == first
    assert {file.path for file in here.client().list_artifacts(first, "entry")} > {"entry/record.json"}
    with pytest.raises(InvalidInput, match="must not exist"):
        train("wrn-10-1", "digits", tmp_path / "mine", settings, machine)


def test_an_entry_that_came_up_meanwhile_is_left_alone(trained, here, tmp_path, monkeypatch):
    settings, machine = TrainSettings(epochs=1, attacks=("clean",), train_size=50), Machine(cache=tmp_path / "cache")

    def meanwhile(*_):
        shutil.copytree(trained.entry.folder, tmp_path / "mine")

    monkeypatch.setattr("rcnas_zoo.workflows.trained_entry.refuse_diverged", meanwhile)
    with pytest.raises(InvalidInput, match="which is an entry already"):
        train("wrn-10-1", "digits", tmp_path / "mine", settings, machine)
    assert read_entry(tmp_path / "mine").record == trained.entry.record


def test_a_training_that_diverges_tells_where_and_measures_nothing(here, tmp_path, monkeypatch):
    monkeypatch.setattr("rcnas_zoo.workflows.trained_entry.finish", lambda *_: pytest.fail("measured"))
    changes = {"learning_rate": 100, "momentum": 1, "gradient_clip": 0}
    settings = TrainSettings(epochs=2, objective="clean", changes=changes)
    machine = Machine(cache=tmp_path / "cache")
    with pytest.raises(Unavailable, match=r"it diverged at update \d+, after 0 whole epochs.* kept in ") as caught:
        train("wrn-10-1", "digits", tmp_path / "mine", settings, machine)
    kept = Path(str(caught.value).split("kept in ")[1].split(";")[0])
    assert {"best.safetensors", "last.safetensors"} < {path.name for path in kept.iterdir()}
    assert not (tmp_path / "mine").exists()


def test_the_engine_that_ran_is_told_in_the_run(trained):
    client = trained.store.client()
    path = client.download_artifacts(trained.entry.record.lineage["run_id"], "engine.json")
    assert json.loads(Path(path).read_text()) == {
        "compiled": False,
        "parts": 1,
        "precision": "float32",
        "processes": 1,
    }


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains_with_what_its_authors_give_it(objective, here, tmp_path):
    settings = TrainSettings(objective=objective, epochs=1, train_size=100, attacks=("clean",))
    entry = train("wrn-10-1", "digits", tmp_path / "mine", settings, Machine(cache=tmp_path / "cache"))
    recipe = entry.record.recipe
    assert recipe.objective == objective
    assert (recipe.attack_steps == 1) == (objective == "fast")
    assert recipe.attack_start == {"fast": "uniform", "sat": "uniform", "clean": "uniform"}.get(objective, "gaussian")
    assert entry.record.lineage["train_size"] == 100


def test_a_named_recipe_brings_its_objective_and_its_activation(here, tmp_path):
    settings = TrainSettings(recipe="advanced", epochs=1, train_size=50, attacks=("clean",), changes={"beta": 4})
    entry = train("wrn-10-1", "digits", tmp_path / "mine", settings, Machine(cache=tmp_path / "cache"))
    assert entry.spec.activation == "silu"
    recipe = entry.record.recipe
    assert (recipe.objective, recipe.weight_average, recipe.bn_statistics) == ("trades", 0.995, "adversarial")
    assert (recipe.beta, recipe.flip, recipe.threat) == (4.0, False, "linf@1/5")


def test_a_stored_spec_keeps_its_activation_under_any_recipe(trained, here, tmp_path):
    settings = TrainSettings(recipe="advanced", epochs=1, train_size=50, attacks=("clean",))
    entry = train(str(trained.entry.folder), "digits", tmp_path / "mine", settings, Machine(cache=tmp_path / "cache"))
    assert entry.spec.activation == "relu"
