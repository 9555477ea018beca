import json
from dataclasses import replace
from pathlib import Path

import pytest

from rcnas_zoo.candidates import training
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.retrain import retrain
from rcnas_zoo.workflows.stored_training import RetrainSettings
from rcnas_zoo.workflows.verify import verify_entry
from rcnas_zoo.zoo.writing import write_entry

from .quick import Heard

RECIPE = named_recipe("digits-final")
SMALL = RetrainSettings(fraction=0.1, seed=3)


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(training, "_train", lambda *_: pytest.fail("trained"))


@pytest.fixture
def stored(tmp_path):
    """Writes an entry of an untrained network with such a record."""

    def write(**facts):
        spec = named_spec("wrn-10-1", InputSpec((1, 8, 8)), 10)
        return str(write_entry(tmp_path / "stored", spec, new_record("stored", spec, **facts)).folder)

    return write


def test_the_whole_training_again_gives_the_stored_weights_and_measurement(trained, here, machine, tmp_path):
    heard = Heard()
    made = retrain(str(trained.entry.folder), tmp_path / "again", machine=machine, observer=heard)
    assert made.identical
    assert made.entry.record.measured == trained.entry.record.measured
    assert made.entry.record.recipe == trained.entry.record.recipe
    assert made.entry.spec == trained.entry.spec
    assert verify_entry(str(made.entry.folder)).passed
    assert heard.steps[0][0] == "training mine"
    assert heard.epochs == [1]


def test_the_run_tells_what_was_repeated(trained, here, machine, tmp_path):
    made = retrain(str(trained.entry.folder), tmp_path / "again", SMALL, machine, command="rcnas-zoo retrain mine")
    run = here.client().get_run(made.entry.record.lineage["run_id"])
    assert run.info.run_name == "retrain mine"
    assert (run.data.tags["rcnas.workflow"], run.data.tags["rcnas.command"]) == ("retrain", "rcnas-zoo retrain mine")
    wanted = {"network": "mine", "dataset": "digits", "seed": "3", "fraction": "0.1"}
    assert wanted.items() <= run.data.params.items()
    assert json.loads(run.data.params["recipe"]) == made.entry.record.recipe.to_dict()


def test_a_small_share_trains_on_few_images_and_can_be_repeated_itself(trained, here, machine, tmp_path):
    made = retrain(str(trained.entry.folder), tmp_path / "small", SMALL, machine)
    assert not made.identical
    assert made.images == round(0.1 * 1150)
    assert made.training.recipe == trained.entry.record.recipe
    lineage = made.entry.record.lineage
    assert (lineage["network"], lineage["seed"], lineage["fraction"]) == ("mine", 3, 0.1)
    elsewhere = replace(machine, cache=tmp_path / "elsewhere")
    again = retrain(str(made.entry.folder), tmp_path / "again", machine=elsewhere)
    assert (again.identical, again.images, again.training.seed) == (True, 115, 3)


def test_without_a_folder_it_is_named_after_the_entry(trained, here, machine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = retrain(str(trained.entry.folder), settings=SMALL, machine=machine)
    assert (made.entry.folder, made.entry.record.name) == (Path("mine-retrained"), "mine-retrained")


def test_other_attacks_can_be_asked_for_and_without_a_measurement_it_is_pgd_20(stored, here, machine, tmp_path):
    name = stored(dataset="digits", recipe=RECIPE.with_changes(epochs=1, objective="clean"))
    asked = retrain(name, tmp_path / "asked", replace(SMALL, attacks=("fgsm",)), machine)
    usual = retrain(name, tmp_path / "usual", SMALL, machine)
    assert list(asked.entry.record.measured[0].attacks) == ["fgsm"]
    assert list(usual.entry.record.measured[0].attacks) == ["pgd-20"]
    assert usual.entry.record.measured[0].threat == RECIPE.threat
    assert not usual.identical


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {},
            r"must have a training recipe in its record, got none for 'stored' .an architecture alone, or .*; "
            r"use train: rcnas-zoo train stored --dataset DATASET",
        ),
        ({"recipe": RECIPE}, "must have a data set in its record, got none for 'stored'; use train"),
        ({"recipe": RECIPE, "dataset": "digitz"}, r"got 'digitz' \(did you mean 'digits'\?\)"),
        (
            {"recipe": RECIPE, "dataset": "digits", "lineage": {"seed": "one"}},
            "the seed in a record must be .*, got 'one'",
        ),
        ({"recipe": RECIPE, "dataset": "digits", "lineage": {"train_size": -1}}, "the train_size in a record must be"),
    ],
)
def test_a_record_that_tells_too_little_is_refused(stored, facts, message, here, machine, tmp_path, no_training):
    with pytest.raises(InvalidInput, match=message):
        retrain(stored(**facts), tmp_path / "again", machine=machine)
    assert here.client().search_runs(["0"]) == []


def test_absent_data_are_not_found(stored, here, machine, tmp_path, no_training):
    name = stored(dataset="cifar10", recipe=RECIPE)
    with pytest.raises(NotFound, match=r"the data set cifar10 must exist, .*add --download"):
        retrain(name, tmp_path / "again", machine=replace(machine, data_root=tmp_path))


def test_data_of_another_shape_are_refused(here, machine, tmp_path, no_training):
    spec = named_spec("wrn-10-1", InputSpec((3, 32, 32)), 10)
    write_entry(tmp_path / "stored", spec, new_record("stored", spec, dataset="digits", recipe=RECIPE))
    with pytest.raises(InvalidInput, match=r"must take images \(1, 8, 8\) of 10 classes"):
        retrain(str(tmp_path / "stored"), tmp_path / "again", machine=machine)
