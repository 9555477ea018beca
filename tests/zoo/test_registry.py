from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, Unavailable
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo.index import read_index
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import (
    download,
    download_architecture,
    download_run_entry,
    publish,
    refresh_index,
    resolve,
)
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry


@pytest.fixture
def entry_with(tmp_path, tiny_spec, tiny_record):
    """Writes entries like the tiny one with another headline; each has weights of its own."""

    def write(**changes: object) -> Path:
        folder = tmp_path / f"entry-{len(list(tmp_path.iterdir()))}"
        record = replace(tiny_record, measured=(replace(tiny_record.measured[0], **changes),))
        return write_entry(folder, tiny_spec, record, build(tiny_spec, seed=5).state_dict()).folder

    return write


def names(store):
    return [model.name for model in store.client().search_registered_models()]


def version_of(store, text):
    return resolve(store, ZooName.parse(text)).version


def test_the_first_version_is_champion_and_stands_for_its_data_set(store, entry_folder):
    published = publish(entry_folder, "robust-2m", store)
    assert (published.name, published.version, published.note) == ("robust-2m", 1, "")
    assert published.aliases == ("champion", "digits")
    for text in ("robust-2m", "robust-2m@champion", "robust-2m@digits", "robust-2m:1"):
        assert version_of(store, text) == 1


def test_what_was_published_comes_back_byte_for_byte_and_verifies(store, entry_folder, entry_files, tmp_path):
    publish(entry_folder, "robust-2m", store)
    entry = download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")
    assert {path.name: path.read_bytes() for path in entry.folder.iterdir()} == entry_files
    assert entry.folder == tmp_path / "copy"
    assert verify(entry.folder).passed


def test_a_folder_of_any_name_can_hold_the_store(new_store, tmp_path, entry_folder, entry_files):
    store = new_store(tmp_path / "a b#c%41é")
    publish(entry_folder, "robust-2m", store)
    entry = download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")
    assert {path.name: path.read_bytes() for path in entry.folder.iterdir()} == entry_files


def test_publishing_alone_makes_a_run_of_its_own(store, entry_folder):
    publish(entry_folder, "robust-2m", store)
    client = store.client()
    run = client.get_run(client.get_model_version("robust-2m", "1").run_id)
    assert run.data.tags["rcnas.workflow"] == "publish"
    assert run.info.status == "FINISHED"


def test_a_run_that_is_given_keeps_the_files_and_stays_open(store, entry_folder):
    with open_run(store, "finetune", "x", {}) as run:
        publish(entry_folder, "robust-2m", store, run_id=run.id)
        client = store.client()
        assert client.get_run(run.id).info.status == "RUNNING"
    assert client.get_model_version("robust-2m", "1").run_id == run.id
    assert "entry/record.json" in {file.path for file in client.list_artifacts(run.id, "entry")}


def test_a_second_entry_of_one_run_leaves_the_files_of_the_first_alone(store, entry_folder, entry_with, tmp_path):
    with open_run(store, "finetune", "x", {}) as run:
        publish(entry_folder, "robust-2m", store, run_id=run.id)
        publish(entry_with(robust_accuracy=0.9), "robust-2m", store, run_id=run.id)
        publish(entry_folder, "again", store, run_id=run.id)
    for text, accuracy in [("robust-2m:1", 0.5), ("robust-2m:2", 0.9), ("again", 0.5)]:
        copy = download(store, resolve(store, ZooName.parse(text)), tmp_path / text.replace(":", "-"))
        assert copy.record.measured[0].robust_accuracy == accuracy


def test_a_better_version_takes_the_alias_of_the_data_set_but_not_champion(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    published = publish(entry_with(robust_accuracy=0.75), "robust-2m", store)
    assert (published.version, published.aliases, published.note) == (2, ("digits",), "")
    assert version_of(store, "robust-2m@digits") == 2
    assert version_of(store, "robust-2m") == 1


def test_a_version_that_is_not_better_is_kept_and_the_alias_stays(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    published = publish(entry_with(robust_accuracy=0.25), "robust-2m", store)
    assert (published.version, published.aliases) == (2, ())
    assert published.note == (
        "the alias 'digits' stays with version 1: the new robust accuracy 25.0 % is not above 50.0 %"
    )
    assert version_of(store, "robust-2m@digits") == 1
    assert version_of(store, "robust-2m:2") == 2


def test_numbers_of_another_attack_do_not_move_the_alias(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    published = publish(
        entry_with(robust_accuracy=0.9, attacks={"fgsm": 0.9}, settings={"fgsm": {}}), "robust-2m", store
    )
    assert "not measured under the same attacks" in published.note
    assert version_of(store, "robust-2m@digits") == 1


def test_another_threat_has_an_alias_of_its_own(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    published = publish(entry_with(threat="linf@1/10"), "robust-2m", store)
    assert (published.aliases, published.note) == (("digits-linf-1-10",), "")
    assert version_of(store, "robust-2m@digits") == 1


def test_aliases_that_are_asked_for_move_whatever_the_numbers_say(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    published = publish(entry_with(robust_accuracy=0.1), "robust-2m", store, aliases=["champion", "digits", "mine"])
    assert (published.aliases, published.note) == (("champion", "digits", "mine"), "")
    assert version_of(store, "robust-2m") == 2


@pytest.mark.parametrize("name", ["a/b", "a:b", "", ".", "a@b", "a b"])
def test_a_name_that_cannot_be_is_refused_before_anything_is_made(name, store, entry_folder):
    with pytest.raises(InvalidInput, match="a zoo name must be"):
        publish(entry_folder, name, store)
    assert names(store) == []


@pytest.mark.parametrize("alias", ["latest", "v2", "a.b", ""])
def test_an_alias_that_mlflow_does_not_take_is_refused_before_anything_is_made(alias, store, entry_folder):
    with pytest.raises(InvalidInput, match="an alias must"):
        publish(entry_folder, "robust-2m", store, aliases=[alias])
    assert names(store) == []


def test_an_architecture_alone_and_a_damaged_entry_are_not_published(store, architecture_folder, entry_folder):
    with pytest.raises(NotFound, match="an entry to publish must have weights"):
        publish(architecture_folder, "robust-2m", store)
    (entry_folder / "card.md").write_text("changed")
    with pytest.raises(IntegrityError, match=r"card\.md must match its sha256"):
        publish(entry_folder, "robust-2m", store)
    assert names(store) == []


def test_an_unknown_run_is_told_and_leaves_no_name(store, entry_folder):
    with pytest.raises(NotFound, match="the run must be in the store"):
        publish(entry_folder, "robust-2m", store, run_id="0" * 32)
    assert names(store) == []


def broken(*_, **__):
    raise OSError("no space left on device")


@pytest.mark.parametrize("step", ["log_artifact", "create_model_version"])
def test_a_failure_half_way_leaves_no_empty_name(step, store, entry_folder, monkeypatch):
    monkeypatch.setattr(f"mlflow.MlflowClient.{step}", broken)
    with pytest.raises(Unavailable, match="no space left on device"):
        publish(entry_folder, "robust-2m", store)
    assert names(store) == []
    assert read_index(store.registry_uri) == []


def test_a_failure_half_way_leaves_a_name_that_was_there(store, entry_folder, monkeypatch):
    publish(entry_folder, "robust-2m", store)
    monkeypatch.setattr("mlflow.MlflowClient.create_model_version", broken)
    with pytest.raises(Unavailable, match="no space left on device"):
        publish(entry_folder, "robust-2m", store)
    assert version_of(store, "robust-2m") == 1


def test_what_is_absent_is_told_with_what_there_is(store, entry_folder):
    with pytest.raises(NotFound, match=r"'robust-2m' must be in the registry sqlite:.*; it is empty"):
        resolve(store, ZooName("robust-2m"))
    publish(entry_folder, "robust-2m", store)
    with pytest.raises(NotFound, match=r"\(did you mean 'robust-2m'\?\); it has robust-2m"):
        resolve(store, ZooName("robust-3m"))
    aliases = r"its aliases are champion \(version 1\), digits \(version 1\)"
    with pytest.raises(NotFound, match=f"must have the alias 'cifar10'; {aliases}"):
        resolve(store, ZooName("robust-2m", alias="cifar10"))
    with pytest.raises(NotFound, match=f"must have the version 7; {aliases}"):
        resolve(store, ZooName("robust-2m", version=7))


def test_a_model_of_somebody_else_is_not_taken_for_an_entry(store, entry_folder):
    client = store.client()
    client.create_registered_model("theirs")
    client.create_model_version("theirs", str(entry_folder))
    client.set_registered_model_alias("theirs", "champion", "1")
    with pytest.raises(IntegrityError, match=r"theirs:1 must have the tag rcnas\.record_sha256"):
        resolve(store, ZooName("theirs"))
    assert refresh_index(store) == []


def artifacts_of(store, text):
    return Path(unquote(urlsplit(resolve(store, ZooName.parse(text)).source).path))


def test_a_swapped_entry_is_noticed_even_if_it_is_whole_in_itself(store, entry_folder, tmp_path, reseal):
    publish(entry_folder, "robust-2m", store)
    reseal(artifacts_of(store, "robust-2m"), made_by="somebody else")
    with pytest.raises(IntegrityError, match=r"record\.json of robust-2m:1 must have the sha256"):
        download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("name", ["weights.safetensors", "spec.json", "card.md"])
def test_a_changed_file_is_noticed_and_nothing_stays_behind(name, store, entry_folder, tmp_path):
    publish(entry_folder, "robust-2m", store)
    changed = artifacts_of(store, "robust-2m") / name
    changed.write_bytes(changed.read_bytes() + b" ")
    before = set(tmp_path.iterdir())
    with pytest.raises(IntegrityError):
        download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")
    assert set(tmp_path.iterdir()) == before


def test_files_that_were_deleted_are_told(store, entry_folder, tmp_path):
    publish(entry_folder, "robust-2m", store)
    (artifacts_of(store, "robust-2m") / "weights.safetensors").unlink()
    with pytest.raises(NotFound, match=r"weights\.safetensors must be in .*, but it is absent; publish it again"):
        download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")


def test_files_that_no_record_names_are_not_fetched(store, entry_folder, entry_files, tmp_path):
    publish(entry_folder, "robust-2m", store)
    (artifacts_of(store, "robust-2m") / "extra.sh").write_text("rm -rf /")
    entry = download(store, resolve(store, ZooName("robust-2m")), tmp_path / "copy")
    assert {path.name for path in entry.folder.iterdir()} == set(entry_files)


def test_a_folder_in_the_way_is_left_alone(store, entry_folder, tmp_path):
    publish(entry_folder, "robust-2m", store)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(InvalidInput, match=r"holds 'thesis\.tex' and is left alone"):
        download(store, resolve(store, ZooName("robust-2m")), tmp_path / "mine", replace=True)


def test_the_architecture_comes_without_the_weights(store, entry_folder, tiny_spec):
    publish(entry_folder, "robust-2m", store)
    resolved = resolve(store, ZooName("robust-2m"))
    (artifacts_of(store, "robust-2m") / "weights.safetensors").unlink()
    record, spec = download_architecture(store, resolved)
    assert spec == tiny_spec
    assert record.name == "tiny"


def test_a_run_gives_its_entry_back(store, entry_folder, entry_files, tmp_path):
    with open_run(store, "train", "x", {}) as run:
        with pytest.raises(NotFound, match=r"record\.json must be in"):
            download_run_entry(store, run.id, tmp_path / "early")
        run.folder(entry_folder, "entry")
    entry = download_run_entry(store, run.id, tmp_path / "late")
    assert {path.name: path.read_bytes() for path in entry.folder.iterdir()} == entry_files
    with pytest.raises(NotFound, match="the run must be in the store"):
        download_run_entry(store, "f" * 32, tmp_path / "never")


def test_the_index_lists_every_version_that_an_alias_points_at(store, entry_folder, entry_with):
    publish(entry_folder, "robust-2m", store)
    publish(entry_with(robust_accuracy=0.75), "robust-2m", store)
    publish(entry_with(robust_accuracy=0.25), "robust-2m", store)
    publish(entry_folder, "other", store)
    rows = read_index(store.registry_uri)
    assert [(row.name, row.version, row.robust_accuracy) for row in rows] == [
        ("other", 1, 0.5),
        ("robust-2m", 1, 0.5),
        ("robust-2m", 2, 0.75),
    ]
    assert all(row.source == "registry" and row.weights and row.dataset == "digits" for row in rows)


def test_a_refresh_finds_what_happened_without_us(store, entry_folder):
    publish(entry_folder, "robust-2m", store)
    publish(entry_folder, "gone", store)
    store.client().delete_registered_model("gone")
    assert [row.name for row in refresh_index(store)] == ["robust-2m"]
    assert [row.name for row in read_index(store.registry_uri)] == ["robust-2m"]


def test_nothing_is_made_to_find_an_empty_registry_empty(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with pytest.raises(NotFound, match="it is empty"):
        resolve(Store(uri, uri), ZooName("robust-2m"))
    assert list(tmp_path.iterdir()) == []
