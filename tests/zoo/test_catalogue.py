import sys

import pytest

from rcnas_zoo.spec.errors import IntegrityError, NotFound
from rcnas_zoo.zoo.catalogue import (
    PACKAGE,
    catalogue_entries,
    catalogue_entry,
    catalogue_names,
    catalogue_records,
)
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.writing import write_entry


@pytest.fixture
def catalogue(tmp_path, monkeypatch, tiny_spec, tiny_record):
    """An installed catalogue with three entries, in place of the shipped one."""
    root = tmp_path / "site" / PACKAGE
    root.mkdir(parents=True)
    (root / "__init__.py").write_text("")
    (root / "__pycache__").mkdir()
    for name in ("wrn-b", "robust-2m", "wrn-a"):
        write_entry(root / name, tiny_spec, tiny_record)
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(root.parent)
    yield root
    sys.modules.pop(PACKAGE, None)


def test_names_are_the_folders_with_a_record_sorted(catalogue):
    assert catalogue_names() == ["robust-2m", "wrn-a", "wrn-b"]


def test_records_are_read_without_opening_other_files(catalogue):
    (catalogue / "wrn-a" / "spec.json").unlink()
    assert list(catalogue_records()) == ["robust-2m", "wrn-a", "wrn-b"]
    assert catalogue_records()["wrn-a"].name == "tiny"


def test_an_entry_is_read_with_its_hashes(catalogue):
    assert catalogue_entry("wrn-b") == read_entry(catalogue / "wrn-b")
    (catalogue / "wrn-b" / "card.md").write_text("changed")
    with pytest.raises(IntegrityError, match=r"card\.md must match its sha256"):
        catalogue_entry("wrn-b")


def test_entries_are_a_mapping_that_reads_only_what_is_asked_for(catalogue):
    (catalogue / "wrn-a" / "card.md").write_text("changed")
    entries = catalogue_entries()
    assert list(entries) == catalogue_names()
    assert len(entries) == 3
    assert entries["wrn-b"] == catalogue_entry("wrn-b")
    assert entries.get("robust-3m") is None
    with pytest.raises(IntegrityError, match=r"card\.md must match its sha256"):
        entries["wrn-a"]


@pytest.mark.parametrize("name", ["", "..", "../site", "__pycache__", "/"])
def test_what_is_no_entry_is_not_found(catalogue, name):
    with pytest.raises(NotFound, match="must be in the shipped catalogue; it has robust-2m, wrn-a, wrn-b"):
        catalogue_entry(name)


def test_a_near_miss_is_told_its_neighbour(catalogue):
    with pytest.raises(NotFound, match=r"'robust-3m' must be in the shipped catalogue \(did you mean 'robust-2m'\?\)"):
        catalogue_entry("robust-3m")
