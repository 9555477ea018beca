import subprocess
import sys

import pytest

from rcnas_zoo.workflows.listings import all_listings, listings_table
from rcnas_zoo.zoo.catalogue import catalogue_names
from rcnas_zoo.zoo.index import index_path
from rcnas_zoo.zoo.listing import Listing
from rcnas_zoo.zoo.registry import publish


def refuse(message):
    pytest.fail(message)


def test_without_a_store_there_is_the_catalogue(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    rows = all_listings(False, refuse)
    assert [row.name for row in rows] == catalogue_names()
    assert {row.source for row in rows} == {"catalogue"}
    assert list(tmp_path.iterdir()) == []


def test_what_is_registered_comes_first(trained, here):
    publish(trained.entry.folder, "robust-mine", here)
    first, *others = all_listings(False, refuse)
    assert (first.name, first.version, first.source, first.dataset) == ("robust-mine", 1, "registry", "digits")
    assert first.robust_accuracy == trained.entry.record.measured[0].robust_accuracy
    assert [row.name for row in others] == catalogue_names()


def test_an_index_that_was_lost_is_made_anew_on_request(trained, here):
    publish(trained.entry.folder, "robust-mine", here)
    index_path(here.registry_uri).unlink()
    assert all_listings(False, refuse)[0].source == "catalogue"
    assert all_listings(True, refuse)[0].name == "robust-mine"
    assert all_listings(False, refuse)[0].name == "robust-mine"


def test_a_damaged_index_is_told_of_and_counts_as_empty(here):
    index_path(here.registry_uri).write_text("{")
    warnings = []
    rows = all_listings(False, warnings.append)
    assert [row.name for row in rows] == catalogue_names()
    (warning,) = warnings
    assert "rcnas-zoo list --refresh" in warning


def test_the_table_has_a_line_a_network():
    trained = Listing("robust-2m", 3, "digits", 763_520, 77_562, "linf@1/5", 0.9139, 0.3056, "registry", True)
    bare = Listing("wrn-28-10", None, "", 5_243_000_000, 36_479_194, "", None, None, "catalogue", False)
    header, _, first, second = map(str.split, listings_table([trained, bare]).splitlines())
    assert " ".join(header) == "name version data set MACs parameters threat clean robust source weights"
    assert " ".join(first) == "robust-2m 3 digits 763.52 K 0.08 M linf@1/5 91.4 % 30.6 % registry yes"
    assert " ".join(second) == "wrn-28-10 - - 5.24 G 36.48 M - - - catalogue no"


def test_listing_needs_neither_torch_nor_mlflow(tmp_path):
    program = (
        "import sys\n"
        "from rcnas_zoo.workflows.listings import all_listings\n"
        "print(len(all_listings(False, print)), *{'torch', 'mlflow'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert result.stdout.split() == [str(len(catalogue_names()))]
