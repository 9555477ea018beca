import shutil

import pytest

from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.workflows.entry_of import entry_of, find_entry, looks_like_path
from rcnas_zoo.zoo.registry import publish


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A working directory in which an entry folder `mine` lies."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(trained.entry.folder, tmp_path / "mine")


@pytest.mark.parametrize("text", ["./mine", "../mine", "a/b", ".", "mine"])
def test_a_path_is_told_from_a_name_by_its_form_or_by_lying_here(text, folder):
    assert looks_like_path(text)


@pytest.mark.parametrize("text", ["robust-2m", "robust-2m@digits", "robust-2m:3", "other"])
def test_a_name_is_no_path(text, folder):
    assert not looks_like_path(text)


def test_a_folder_is_read(folder, machine):
    found = find_entry("mine", machine)
    assert (found.source, found.version, found.entry.record.name) == ("folder", None, "mine")


def test_a_registered_name_is_kept_in_the_cache(folder, here, machine):
    publish(folder, "robust-mine", here)
    found = find_entry("robust-mine@digits", machine)
    assert (found.source, found.version) == ("registry", 1)
    assert found.entry.folder.is_relative_to(machine.cache)
    assert entry_of("robust-mine:1", machine) == found.entry


def test_a_shipped_architecture_is_found_unless_weights_are_needed(here, machine):
    found = find_entry("wrn-28-10", machine, weights=False)
    assert (found.source, found.version, found.entry.record.name) == ("catalogue", None, "wrn-28-10")
    with pytest.raises(NotFound, match="must have weights"):
        entry_of("wrn-28-10", machine)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", InvalidInput, "must be given, got an empty text"),
        ("no name", InvalidInput, "a zoo name must be"),
        ("robust-2m:0", InvalidInput, "a version must be"),
        ("./nowhere", NotFound, "an entry folder must exist"),
        ("robust-9x", NotFound, "must be in the registry"),
    ],
)
def test_what_means_no_entry_is_refused(text, error, message, here, machine):
    with pytest.raises(error, match=message):
        entry_of(text, machine)
