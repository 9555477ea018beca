from dataclasses import replace

import pytest
import torch

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.workflows.publish import publish_entry
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import download, resolve
from rcnas_zoo.zoo.writing import write_entry


def registered(store, name, folder):
    return download(store, resolve(store, ZooName(name)), folder)


def test_a_folder_is_published_under_its_own_name_as_it_is(trained, here, tmp_path):
    published = publish_entry(str(trained.entry.folder), "mine")
    assert (published.name, published.version, published.aliases) == ("mine", 1, ("champion", "digits"))
    assert registered(here, "mine", tmp_path / "copy").record == trained.entry.record


def test_another_name_changes_the_name_in_the_record_and_nothing_else(trained, here, tmp_path):
    published = publish_entry(str(trained.entry.folder), "robust-mine", ("best",))
    assert published.aliases == ("best", "champion", "digits")
    copy = registered(here, "robust-mine", tmp_path / "copy")
    assert copy.record.name == "robust-mine"
    assert replace(copy.record, name="mine", files={}) == replace(trained.entry.record, files={})
    assert copy.record.files["weights.safetensors"] == trained.entry.record.files["weights.safetensors"]
    first, second = load_model(trained.entry).state_dict(), load_model(copy).state_dict()
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


@pytest.mark.parametrize("name", ["mine", "robust-other"])
def test_the_entry_that_a_run_kept_is_published_and_points_to_that_run(name, trained, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", trained.store.tracking_uri)
    run_id = trained.entry.record.lineage["run_id"]
    published = publish_entry(run_id, name)
    version = trained.store.client().get_model_version(name, str(published.version))
    assert version.run_id == run_id
    copy = registered(trained.store, name, tmp_path / "copy")
    assert (copy.record.name, copy.record.measured) == (name, trained.entry.record.measured)


def test_a_run_without_an_entry_and_a_run_that_is_not_there_are_not_found(here):
    with open_run(here, "finetune", "x", {}) as run:
        pass
    with pytest.raises(NotFound, match=r"record.json must be in"):
        publish_entry(run.id, "mine")
    with pytest.raises(NotFound, match="the run must be in the store"):
        publish_entry("0" * 32, "mine")
    with pytest.raises(NotFound, match="an entry folder must exist"):
        publish_entry("./nowhere", "mine")


def test_an_architecture_alone_is_refused(trained, here, tmp_path):
    bare = write_entry(tmp_path / "bare", trained.entry.spec, new_record("bare", trained.entry.spec))
    with pytest.raises(NotFound, match="an entry to publish must have weights, got an architecture alone"):
        publish_entry(str(bare.folder), "other")


@pytest.mark.parametrize(("name", "aliases"), [("no name", ()), ("mine", ("latest",))])
def test_a_name_or_alias_that_cannot_be_is_refused(name, aliases, trained, here):
    with pytest.raises(InvalidInput):
        publish_entry(str(trained.entry.folder), name, aliases)
    assert here.client().search_registered_models() == []
