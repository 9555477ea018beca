import subprocess
import sys
from pathlib import Path

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, Unavailable
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.zoo import catalogue
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.pull import find_spec, open_entry, pull
from rcnas_zoo.zoo.registry import publish
from rcnas_zoo.zoo.writing import write_entry


@pytest.fixture
def here(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shipped(tmp_path, monkeypatch, tiny_spec, tiny_record, entry_folder):
    """A catalogue with one trained network and two architectures."""
    root = tmp_path / "catalogue"
    root.mkdir()
    entry_folder.rename(root / "trained")
    for name in ("robust-5g", "wrn-a"):
        write_entry(root / name, tiny_spec, tiny_record)
    monkeypatch.setattr(catalogue, "catalogue_root", lambda: root)
    return root


@pytest.fixture
def empty(tmp_path):
    """A store that nobody has used."""
    uri = f"sqlite:///{tmp_path}/none/mlflow.db"
    return Store(uri, uri)


@pytest.fixture(scope="module")
def entries(tmp_path_factory, tiny_spec, tiny_record):
    """Two entries that differ in their weights."""
    root = tmp_path_factory.mktemp("entries")
    for seed in (1, 2):
        write_entry(root / str(seed), tiny_spec, tiny_record, build(tiny_spec, seed=seed).state_dict())
    return root


@pytest.fixture(scope="module")
def published(entries, new_store, tmp_path_factory):
    """A store, not to be changed, with the first entry as version 1 of robust-2m and the second at the alias `mine`."""
    store = new_store(tmp_path_factory.mktemp("published") / "store")
    publish(entries / "1", "robust-2m", store)
    publish(entries / "2", "robust-2m", store, aliases=["mine"])
    return store


def content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_published_network_comes_into_a_folder_of_its_name(published, here, entries):
    pulled = pull(ZooName("robust-2m"), store=published)
    assert (pulled.source, pulled.version, pulled.entry.folder) == ("registry", 1, Path("robust-2m"))
    assert content(here / "robust-2m") == content(entries / "1")


def test_an_alias_and_a_version_choose(published, here, entries):
    assert pull(ZooName("robust-2m", alias="mine"), store=published).version == 2
    assert content(here / "robust-2m") == content(entries / "2")
    assert pull(ZooName("robust-2m", version=1), here / "one", store=published).version == 1


def test_a_shipped_network_needs_no_store(shipped, empty, here, tmp_path, entry_files):
    pulled = pull(ZooName("trained"), here / "a" / "b", store=empty)
    assert (pulled.source, pulled.version, pulled.entry.folder) == ("catalogue", None, here / "a" / "b")
    assert content(here / "a" / "b") == entry_files
    assert not (tmp_path / "none").exists()


def test_a_shipped_name_is_found_without_mlflow_and_torch(tmp_path):
    code = (
        "import sys; from rcnas_zoo.zoo.pull import pull; from rcnas_zoo.zoo.names import ZooName;"
        "pulled = pull(ZooName('wrn-28-10'), architecture=True); assert pulled.source == 'catalogue';"
        "sys.exit(any(name in sys.modules for name in ('mlflow', 'sqlalchemy', 'torch')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["wrn-28-10"]


def test_the_registry_goes_before_the_catalogue(published, shipped, here, tiny_spec, tiny_record):
    write_entry(shipped / "robust-2m", tiny_spec, tiny_record, build(tiny_spec, seed=9).state_dict())
    assert pull(ZooName("robust-2m"), here / "a", store=published).source == "registry"
    assert pull(ZooName("robust-2m"), here / "b", store=published, source="catalogue").source == "catalogue"
    with pytest.raises(NotFound, match="'trained' must be in the registry sqlite:"):
        pull(ZooName("trained"), here / "c", store=published, source="registry")


def test_a_version_of_a_shipped_name_is_not_in_the_catalogue(shipped, empty, here):
    for name in (ZooName("trained", version=3), ZooName("trained", alias="cifar10"), ZooName("wrn-a", alias="best")):
        with pytest.raises(NotFound, match=f"{name} must be in the registry, but only the catalogue has '{name.name}'"):
            pull(name, store=empty)


def test_a_shipped_network_has_the_aliases_champion_and_that_of_its_data_set(shipped, empty, here, entry_files):
    for alias in ("champion", "digits"):
        assert pull(ZooName("trained", alias=alias), here / alias, store=empty).source == "catalogue"
        assert content(here / alias) == entry_files


def test_a_missing_version_of_a_published_name_is_not_looked_for_in_the_catalogue(published, shipped, here):
    (shipped / "trained").rename(shipped / "robust-2m")
    with pytest.raises(NotFound, match="'robust-2m' must have the version 9"):
        pull(ZooName("robust-2m", version=9), store=published)


def test_what_nobody_has_trained_is_told_with_the_command_that_does(shipped, empty, here):
    with pytest.raises(
        NotFound, match="architecture alone; train it: rcnas-zoo finetune cifar10/autoattack/wrn-28-10/5g"
    ):
        pull(ZooName("robust-5g"), store=empty)
    with pytest.raises(NotFound, match=r"train it: rcnas-zoo finetune digits/pgd-20/wrn-16-2/3m$"):
        pull(ZooName("robust-3m"), store=empty)
    with pytest.raises(NotFound, match=r"or the shipped catalogue \(did you mean 'trained'\?\); see what there is"):
        pull(ZooName("trainde"), store=empty)
    assert list(here.iterdir()) == []


def test_published_names_are_suggested_too(published, shipped, here):
    with pytest.raises(NotFound, match=r"did you mean 'robust-2m'\?"):
        pull(ZooName("robust-2n"), store=published)


@pytest.mark.parametrize("name", ["robust-2m", "robust-5g", "trained"])
def test_an_architecture_alone_has_record_spec_and_card(name, published, shipped, here, tiny_spec):
    pulled = pull(ZooName(name), store=published, architecture=True)
    assert set(content(here / name)) == {"record.json", "spec.json", "card.md"}
    assert pulled.entry.spec == tiny_spec
    assert not pulled.entry.has_weights
    assert pulled.source == ("registry" if name == "robust-2m" else "catalogue")


@pytest.mark.parametrize("architecture", [False, True])
@pytest.mark.parametrize("name", ["robust-2m", "trained"])
def test_pulling_twice_leaves_the_first_copy_as_it_is(name, architecture, published, shipped, here):
    pull(ZooName(name), store=published, architecture=architecture)
    before = {path: path.stat().st_mtime_ns for path in (here / name).iterdir()}
    pulled = pull(ZooName(name), store=published, architecture=architecture)
    assert {path: path.stat().st_mtime_ns for path in (here / name).iterdir()} == before
    assert pulled.entry.folder == Path(name)


def test_another_entry_in_the_folder_is_replaced_only_on_request(published, here, entries):
    pull(ZooName("robust-2m"), store=published)
    with pytest.raises(InvalidInput, match=r"is an entry already; choose another folder"):
        pull(ZooName("robust-2m", version=2), store=published)
    assert content(here / "robust-2m") == content(entries / "1")
    pull(ZooName("robust-2m", version=2), store=published, replace=True)
    assert content(here / "robust-2m") == content(entries / "2")


def test_a_damaged_copy_is_mended_on_request(published, here, entries):
    pull(ZooName("robust-2m"), store=published)
    (here / "robust-2m" / "card.md").write_text("changed")
    with pytest.raises(InvalidInput, match="is an entry already"):
        pull(ZooName("robust-2m"), store=published)
    pull(ZooName("robust-2m"), store=published, replace=True)
    assert content(here / "robust-2m") == content(entries / "1")


@pytest.mark.parametrize("name", ["robust-2m", "trained"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_folder_of_the_user_is_never_touched(name, replace, published, shipped, here):
    (here / name).mkdir()
    (here / name / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput, match=r"holds 'notes\.txt' and is left alone"):
        pull(ZooName(name), store=published, replace=replace)
    assert content(here / name) == {"notes.txt": b"mine"}


def test_a_damaged_catalogue_is_refused(shipped, empty, here):
    (shipped / "trained" / "spec.json").write_text("{}")
    with pytest.raises(IntegrityError):
        pull(ZooName("trained"), store=empty)
    assert list(here.iterdir()) == []


def test_an_unreachable_registry_is_told_for_the_name_may_be_there(shipped, closed_server, here):
    with pytest.raises(Unavailable, match=r"the MLflow server .* must answer"):
        pull(ZooName("trained"), store=closed_server)


def test_offline_and_catalogue_ask_no_server(shipped, closed_server, here):
    assert pull(ZooName("trained"), here / "a", store=closed_server, offline=True).source == "catalogue"
    assert pull(ZooName("trained"), here / "b", store=closed_server, source="catalogue").source == "catalogue"
    with pytest.raises(InvalidInput, match="the registry must be a local database when offline, got http"):
        pull(ZooName("trained"), store=closed_server, offline=True, source="registry")


def test_offline_asks_a_local_registry_but_fetches_nothing_from_a_server(store, entries, here):
    publish(entries / "1", "robust-2m", store)
    assert pull(ZooName("robust-2m"), store=store, offline=True).source == "registry"
    client = store.client()
    client.create_model_version("robust-2m", "s3://bucket/x", tags=client.get_model_version("robust-2m", "1").tags)
    with pytest.raises(Unavailable, match="must be on this machine when offline, got s3://bucket/x"):
        pull(ZooName("robust-2m", version=2), store=store, offline=True)


def test_a_source_is_one_of_two(empty, here):
    with pytest.raises(InvalidInput, match="a source must be one of registry, catalogue, got 'web'"):
        pull(ZooName("x"), store=empty, source="web")


def test_an_entry_is_opened_where_it_is_shipped(shipped, empty, tmp_path):
    opened = open_entry(ZooName("trained"), tmp_path / "cache", store=empty)
    assert (opened.source, opened.entry.folder) == ("catalogue", shipped / "trained")
    with pytest.raises(NotFound, match="'wrn-a' must have weights"):
        open_entry(ZooName("wrn-a"), tmp_path / "cache", store=empty)
    assert (
        open_entry(ZooName("wrn-a"), tmp_path / "cache", store=empty, weights=False).entry.folder == shipped / "wrn-a"
    )


def test_a_published_entry_is_kept_in_the_cache_and_mended_there(published, tmp_path, entries):
    cache = tmp_path / "cache"
    opened = open_entry(ZooName("robust-2m"), cache, store=published)
    assert (opened.source, opened.version) == ("registry", 1)
    assert opened.entry.folder.is_relative_to(cache)
    kept = opened.entry.folder / "card.md"
    before = kept.stat().st_mtime_ns
    open_entry(ZooName("robust-2m"), cache, store=published)
    assert kept.stat().st_mtime_ns == before
    kept.write_text("changed")
    assert content(open_entry(ZooName("robust-2m"), cache, store=published).entry.folder) == content(entries / "1")


def test_a_spec_is_found_wherever_the_name_is(published, shipped, tiny_spec):
    for name in ("robust-2m", "robust-5g", "trained"):
        assert find_spec(ZooName(name), published) == tiny_spec
    with pytest.raises(NotFound, match="'nothing' must be in the registry"):
        find_spec(ZooName("nothing"), published)
