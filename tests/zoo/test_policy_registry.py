from dataclasses import replace

import pytest

from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.zoo import catalogue
from rcnas_zoo.zoo.index import read_index
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.policy_registry import find_policy, open_policy, publish_policy, pull_policy
from rcnas_zoo.zoo.policy_writing import write_policy
from rcnas_zoo.zoo.pull import pull
from rcnas_zoo.zoo.registry import publish, refresh_index

from .policies import CONFIG, tensors

NAME = ZooName("rcnas-policy")


@pytest.fixture
def folder(tmp_path):
    return write_policy(tmp_path / "policy", CONFIG, tensors()).folder


@pytest.fixture
def other(tmp_path):
    return write_policy(tmp_path / "other", replace(CONFIG, lineage={"seed": 1}), tensors()).folder


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """An empty catalogue."""
    root = tmp_path / "catalogue"
    root.mkdir()
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: root)
    return root


def same(one, two):
    return {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}


def test_the_first_version_is_champion_and_stays_it_until_another_is_asked_to_be(store, folder, other, tmp_path):
    first = publish_policy(folder, store)
    assert (first.name, first.version, first.aliases, first.note) == ("rcnas-policy", 1, ("champion",), "")
    second = publish_policy(other, store)
    assert (second.version, second.aliases) == (2, ())
    for number, (text, expected) in enumerate(
        [("rcnas-policy", folder), ("rcnas-policy@champion", folder), ("rcnas-policy:2", other)]
    ):
        found = pull_policy(ZooName.parse(text), tmp_path / f"pulled-{number}", store)
        assert found.source == "registry"
        assert same(found.entry.folder, expected)
    assert publish_policy(other, store, aliases=("champion",)).aliases == ("champion",)
    assert open_policy(NAME, tmp_path / "cache", store).entry.config.lineage == {"seed": 1}


def test_published_with_the_run_that_made_it_the_policy_is_that_runs(store, folder):
    with open_run(store, "meta_train", "x", {}) as run:
        published = publish_policy(folder, store, run_id=run.id)
        again = publish_policy(folder, store, run_id=run.id)
    assert published.version == again.version == 1
    assert store.client().get_model_version("rcnas-policy", "1").run_id == run.id
    kept = {file.path for file in store.client().list_artifacts(run.id, "policy")}
    assert kept == {"policy/policy.json", "policy/policy.safetensors"}


def test_a_list_of_networks_does_not_stumble_over_policies(store, folder, entry_folder):
    publish_policy(folder, store)
    publish(entry_folder, "robust-2m", store)
    assert {row.name for row in refresh_index(store)} == {"robust-2m"}
    assert {row.name for row in read_index(store.registry_uri)} == {"robust-2m"}


def test_networks_and_policies_do_not_take_one_anothers_names(store, folder, entry_folder, tmp_path):
    with pytest.raises(InvalidInput, match="a policy's name must be rcnas-policy, or begin with rcnas-policy-"):
        publish_policy(folder, store, "robust-2m")
    with pytest.raises(InvalidInput, match="a network's name must not begin with rcnas-policy"):
        publish(entry_folder, "rcnas-policy", store)
    publish_policy(folder, store)
    with pytest.raises(InvalidInput, match="a network must be named, got the policy rcnas-policy"):
        pull(NAME, tmp_path / "copy", store=store)


def test_without_a_registered_one_the_shipped_one_counts(store, folder, other, shipped, tmp_path):
    with pytest.raises(NotFound, match=r"'rcnas-policy' must be in the registry .* or the shipped catalogue; make one"):
        open_policy(NAME, tmp_path / "cache", store)
    write_policy(shipped / "rcnas-policy", CONFIG, tensors())
    for found in (open_policy(NAME, tmp_path / "cache", store), pull_policy(NAME, tmp_path / "copy", store)):
        assert (found.source, found.version) == ("catalogue", None)
        assert same(found.entry.folder, folder)
    with pytest.raises(NotFound, match="only the catalogue has 'rcnas-policy'"):
        open_policy(ZooName.parse("rcnas-policy:2"), tmp_path / "cache", store)
    publish_policy(other, store)
    assert open_policy(NAME, tmp_path / "cache", store).source == "registry"
    assert pull_policy(NAME, tmp_path / "third", store, source="catalogue").source == "catalogue"
    with pytest.raises(NotFound, match=r"must be in the registry [^ ]*; make one"):
        pull_policy(ZooName("rcnas-policy-x"), tmp_path / "x", store, source="registry")


def test_a_folder_is_found_by_its_path_and_before_a_name(store, folder, other, shipped, tmp_path, monkeypatch):
    assert find_policy(str(folder), tmp_path / "cache", store).source == "folder"
    publish_policy(other, store)
    monkeypatch.chdir(tmp_path)
    assert find_policy("rcnas-policy", tmp_path / "cache", store).source == "registry"
    folder.rename(tmp_path / "rcnas-policy")
    assert find_policy("rcnas-policy", tmp_path / "cache", store).source == "folder"
    with pytest.raises(NotFound, match=r"a folder with a policy.json, got 'nowhere'"):
        find_policy("nowhere", tmp_path / "cache", store)


def test_pulling_again_changes_nothing_and_another_policy_is_replaced_on_request(store, folder, other, tmp_path):
    publish_policy(folder, store)
    first = pull_policy(NAME, tmp_path / "copy", store).entry.folder
    stamp = (first / "policy.json").stat().st_mtime_ns
    pull_policy(NAME, tmp_path / "copy", store)
    assert (first / "policy.json").stat().st_mtime_ns == stamp
    publish_policy(other, store)
    newer = ZooName.parse("rcnas-policy:2")
    with pytest.raises(InvalidInput, match="which is an entry already"):
        pull_policy(newer, tmp_path / "copy", store)
    assert same(pull_policy(newer, tmp_path / "copy", store, replace=True).entry.folder, other)


def test_what_was_swapped_in_the_store_is_refused_and_leaves_nothing(store, folder, other, tmp_path):
    with open_run(store, "meta_train", "x", {}) as run:
        publish_policy(folder, store, run_id=run.id)
        run.folder(other, "policy")
    with pytest.raises(IntegrityError, match=r"policy.json of rcnas-policy:1 must have the sha256 .* published with"):
        pull_policy(NAME, tmp_path / "copy", store)
    assert not (tmp_path / "copy").exists()


def test_a_damaged_copy_in_the_cache_is_fetched_again(store, folder, tmp_path):
    publish_policy(folder, store)
    kept = open_policy(NAME, tmp_path / "cache", store).entry.folder
    content = (kept / "policy.safetensors").read_bytes()
    (kept / "policy.safetensors").write_bytes(content[:-1])
    again = open_policy(NAME, tmp_path / "cache", store).entry.folder
    assert (again, (again / "policy.safetensors").read_bytes()) == (kept, content)


@pytest.mark.parametrize("tag", ["../../outside", "A" * 64, "a" * 63, f"{'a' * 64}\n"])
def test_a_registry_cannot_send_a_policy_out_of_the_cache(store, folder, tmp_path, tag):
    publish_policy(folder, store)
    store.client().set_model_version_tag("rcnas-policy", "1", "rcnas.record_sha256", tag)
    with pytest.raises(IntegrityError, match="rcnas-policy:1 must be 64 hex digits, got"):
        open_policy(NAME, tmp_path / "a" / "cache", store)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "outside").exists()
