import errno
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, Unavailable
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.writing import write_entry

TEXTS = st.text(max_size=20)


@pytest.fixture
def weights(tiny_spec):
    return build(tiny_spec, seed=3).state_dict()


def test_an_entry_has_exactly_its_six_files(entry_folder):
    assert sorted(path.name for path in entry_folder.iterdir()) == [
        "canary.safetensors",
        "card.md",
        "receipt.safetensors",
        "record.json",
        "spec.json",
        "weights.safetensors",
    ]


def test_the_sha256_of_the_spec_file_is_the_digest_of_the_spec(entry_folder, tiny_spec):
    assert sha256((entry_folder / "spec.json").read_bytes()).hexdigest() == tiny_spec.digest


def test_the_weights_file_holds_the_state_to_the_bit(entry_folder, weights):
    stored = load_file(entry_folder / "weights.safetensors")
    assert stored.keys() == weights.keys()
    assert all(torch.equal(stored[name], weights[name]) for name in weights)


def test_the_same_entry_is_written_byte_for_byte_again(tmp_path, tiny_spec, tiny_record, weights, entry_files):
    again = write_entry(tmp_path / "again", tiny_spec, tiny_record, weights, receipt=b"a receipt")
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == entry_files


def test_an_entry_read_and_written_again_is_the_same(tmp_path, entry_folder, entry_files):
    entry = read_entry(entry_folder)
    state = load_file(entry_folder / "weights.safetensors")
    again = write_entry(tmp_path / "again", entry.spec, entry.record, state, receipt=b"a receipt")
    assert {path.name: path.read_bytes() for path in again.folder.iterdir()} == entry_files


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2))
def test_whatever_a_record_says_reads_back(tiny_spec, tiny_record, made_by, dataset, lineage):
    record = replace(tiny_record, made_by=made_by, dataset=dataset, lineage=lineage)
    with tempfile.TemporaryDirectory() as folder:
        entry = write_entry(Path(folder) / "deep" / "entry", tiny_spec, record)
        assert entry == read_entry(entry.folder)
        assert (entry.record.made_by, entry.record.dataset, entry.record.lineage) == (made_by, dataset, lineage)


def test_an_empty_folder_is_filled(tmp_path, tiny_spec, tiny_record):
    (tmp_path / "empty").mkdir()
    assert write_entry(tmp_path / "empty", tiny_spec, tiny_record).folder == tmp_path / "empty"


def test_an_entry_is_not_replaced_unasked(entry_folder, entry_files, tiny_spec, tiny_record):
    with pytest.raises(InvalidInput, match=r"which is an entry already; choose another folder, or allow .*--replace"):
        write_entry(entry_folder, tiny_spec, tiny_record)
    assert {path.name: path.read_bytes() for path in entry_folder.iterdir()} == entry_files


def test_an_entry_is_replaced_whole_when_asked(entry_folder, tiny_spec, tiny_record):
    entry = write_entry(entry_folder, tiny_spec, replace(tiny_record, made_by="somebody"), replace=True)
    assert read_entry(entry_folder).record.made_by == "somebody"
    assert not entry.has_weights
    assert not (entry_folder / "weights.safetensors").exists()
    assert [path.name for path in entry_folder.parent.iterdir()] == ["tiny"]


def test_a_damaged_entry_may_be_replaced(entry_folder, tiny_spec, tiny_record):
    (entry_folder / "record.json").write_text("{")
    assert write_entry(entry_folder, tiny_spec, tiny_record, replace=True) == read_entry(entry_folder)


def test_a_link_to_an_entry_stays_and_what_it_leads_to_is_replaced(entry_folder, tmp_path, tiny_spec, tiny_record):
    (tmp_path / "link").symlink_to(entry_folder)
    write_entry(tmp_path / "link", tiny_spec, replace(tiny_record, made_by="somebody"), replace=True)
    assert (tmp_path / "link").is_symlink()
    assert read_entry(entry_folder).record.made_by == "somebody"


@pytest.mark.parametrize("name", ["notes.txt", "spec.json"])
def test_a_folder_that_is_no_entry_is_left_alone(tmp_path, tiny_spec, tiny_record, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("mine")
    with pytest.raises(InvalidInput, match=f"which holds '{name}' and is left alone; choose another folder"):
        write_entry(tmp_path / "mine", tiny_spec, tiny_record, replace=True)
    assert (tmp_path / "mine" / name).read_text() == "mine"


def test_an_entry_with_a_foreign_file_is_left_alone(entry_folder, tiny_spec, tiny_record):
    (entry_folder / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput, match=r"which holds 'notes\.txt' and is left alone"):
        write_entry(entry_folder, tiny_spec, tiny_record, replace=True)


def test_a_file_is_left_alone(tmp_path, tiny_spec, tiny_record):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(InvalidInput, match="which holds 'mine' and is left alone"):
        write_entry(tmp_path / "mine", tiny_spec, tiny_record, replace=True)


@pytest.mark.parametrize("name", ["../x", "", "a b"])
def test_a_record_must_have_a_zoo_name(tmp_path, tiny_spec, tiny_record, name):
    with pytest.raises(InvalidInput, match="a zoo name must be"):
        write_entry(tmp_path / "entry", tiny_spec, replace(tiny_record, name=name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "word"), [(float("nan"), "NaN"), (float("inf"), "infinity"), (float("-inf"), "infinity")]
)
def test_weights_that_are_not_finite_are_refused_before_writing(tmp_path, tiny_spec, tiny_record, weights, value, word):
    name = "stages.0.0.conv1.weight"
    weights[name].view(-1)[1] = value
    with pytest.raises(IntegrityError, match=f"these weights hold {word} in tensor '{name}'"):
        write_entry(tmp_path / "entry", tiny_spec, tiny_record, weights)
    assert list(tmp_path.iterdir()) == []


def test_finite_weights_with_logits_that_overflow_are_refused(tmp_path, tiny_spec, tiny_record, weights):
    for tensor in weights.values():
        if tensor.is_floating_point():
            tensor.fill_(3e38)
    with pytest.raises(IntegrityError, match="a network must give finite logits"):
        write_entry(tmp_path / "entry", tiny_spec, tiny_record, weights)


def test_weights_of_another_network_are_refused_before_writing(tmp_path, tiny_spec, tiny_record):
    other = build(replace(tiny_spec, classes=11)).state_dict()
    with pytest.raises(IntegrityError, match=r"weights must fit their spec: tensor '.*' must be \(10,.* got \(11,"):
        write_entry(tmp_path / "entry", tiny_spec, tiny_record, other)
    assert list(tmp_path.iterdir()) == []


def test_nan_in_the_lineage_is_refused_before_writing(tmp_path, tiny_spec, tiny_record):
    with pytest.raises(InvalidInput, match="must be plain finite JSON data"):
        write_entry(tmp_path / "entry", tiny_spec, replace(tiny_record, lineage={"loss": float("nan")}))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_leaves_the_old_entry_and_nothing_else(
    entry_folder, entry_files, tiny_spec, tiny_record, weights, monkeypatch
):
    calls = []

    def full_after_two(handle):
        calls.append(handle)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_after_two)
    with pytest.raises(Unavailable, match="must be writable: No space left on device"):
        write_entry(entry_folder, tiny_spec, replace(tiny_record, made_by="x"), weights, replace=True)
    assert {path.name: path.read_bytes() for path in entry_folder.iterdir()} == entry_files
    assert [path.name for path in entry_folder.parent.iterdir()] == ["tiny"]


def test_a_folder_below_a_file_is_refused_in_one_line(tmp_path, tiny_spec, tiny_record):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable, match="must be writable") as caught:
        write_entry(tmp_path / "file" / "entry", tiny_spec, tiny_record)
    assert "\n" not in str(caught.value)


def test_a_process_at_its_file_size_limit_leaves_nothing(tmp_path, entry_folder):
    code = """
import resource, sys
from pathlib import Path
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.zoo.entry import read_entry
from rcnas_zoo.zoo.writing import write_entry

entry = read_entry(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_entry(sys.argv[2], entry.spec, entry.record)
except Unavailable as error:
    sys.stdout.write(str(error))
"""
    (tmp_path / "target").mkdir()
    command = [sys.executable, "-c", code, str(entry_folder), str(tmp_path / "target" / "entry")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "must be writable: File too large; free some space or choose another place" in result.stdout
    assert list((tmp_path / "target").iterdir()) == []
