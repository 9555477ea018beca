import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound, Unavailable
from rcnas_zoo.zoo.entry import ENTRY_FILES, TEXT_LIMIT, read_entry


def test_an_intact_entry_reads_back_as_it_was_written(entry_folder, tiny_spec, tiny_record):
    entry = read_entry(entry_folder)
    assert entry.folder == entry_folder
    assert entry.spec == tiny_spec
    assert entry.has_weights
    assert entry.record.spec_digest == tiny_spec.digest
    assert (entry.record.parameters, entry.record.macs) == (cost(tiny_spec).parameters, cost(tiny_spec).macs)
    assert replace(entry.record, spec_digest="", parameters=1, macs=1, files={}) == tiny_record
    assert set(entry.record.files) == set(ENTRY_FILES)


def test_an_architecture_alone_has_no_weights(architecture_folder):
    entry = read_entry(str(architecture_folder))
    assert not entry.has_weights
    assert set(entry.record.files) == {"record.json", "spec.json", "card.md"}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_refused(entry_files, data):
    name = data.draw(st.sampled_from(ENTRY_FILES))
    position = data.draw(st.integers(0, len(entry_files[name]) - 1))
    changed = bytearray(entry_files[name])
    changed[position] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        for other, content in {**entry_files, name: bytes(changed)}.items():
            (Path(folder) / other).write_bytes(content)
        with pytest.raises(IntegrityError):
            read_entry(folder)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_truncated_or_longer_file_is_refused(entry_files, data):
    name = data.draw(st.sampled_from(ENTRY_FILES))
    content = entry_files[name]
    longer = data.draw(st.binary(min_size=1, max_size=4).map(lambda more: content + more))
    changed = data.draw(st.sampled_from([content[: data.draw(st.integers(0, len(content) - 1))], longer]))
    with tempfile.TemporaryDirectory() as folder:
        for other, right in {**entry_files, name: changed}.items():
            (Path(folder) / other).write_bytes(right)
        with pytest.raises(IntegrityError):
            read_entry(folder)


@pytest.mark.parametrize("name", ["spec.json", "canary.safetensors", "card.md"])
def test_a_missing_file_is_damage(entry_folder, name):
    (entry_folder / name).unlink()
    with pytest.raises(IntegrityError, match=f"{name} must be in .*, but it is absent; pull the entry again"):
        read_entry(entry_folder)


def test_missing_weights_are_absent(entry_folder):
    (entry_folder / "weights.safetensors").unlink()
    with pytest.raises(NotFound, match=r"weights\.safetensors must be in .*, but it is absent; pull the entry again"):
        read_entry(entry_folder)


def test_a_missing_folder_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"an entry folder must exist, got '.*nowhere'; pull one with: rcnas-zoo pull"):
        read_entry(tmp_path / "nowhere")


def test_a_folder_without_record_is_no_entry(tmp_path):
    with pytest.raises(InvalidInput, match=r"an entry must be a folder with a record\.json"):
        read_entry(tmp_path)


def test_a_file_is_no_entry(entry_folder):
    with pytest.raises(InvalidInput, match=r"an entry must be a folder with a record\.json"):
        read_entry(entry_folder / "card.md")


def test_a_path_that_no_system_takes_is_one_line():
    with pytest.raises(Unavailable, match="must be readable: File name too long"):
        read_entry("x" * 5000)


@pytest.mark.parametrize("name", ["spec.json", "weights.safetensors"])
def test_a_link_that_leaves_the_folder_is_refused(entry_folder, tmp_path, name):
    (entry_folder / name).rename(tmp_path / name)
    (entry_folder / name).symlink_to(tmp_path / name)
    with pytest.raises(IntegrityError, match=f"{name} must be a plain file of .*, got a link or a special file"):
        read_entry(entry_folder)


def test_a_pipe_is_refused_without_waiting_on_it(entry_folder):
    (entry_folder / "card.md").unlink()
    os.mkfifo(entry_folder / "card.md")
    with pytest.raises(IntegrityError, match=r"card\.md must be a plain file"):
        read_entry(entry_folder)


def test_a_linked_entry_folder_is_an_entry(entry_folder, tmp_path):
    (tmp_path / "link").symlink_to(entry_folder)
    assert read_entry(tmp_path / "link").record == read_entry(entry_folder).record


@pytest.mark.parametrize("name", ["spec.json", "record.json"])
def test_a_huge_text_is_refused_although_its_hash_fits(entry_folder, name, reseal):
    with (entry_folder / name).open("r+b") as file:
        file.truncate(TEXT_LIMIT + 1)
    if name == "spec.json":
        reseal(entry_folder)
    with pytest.raises(IntegrityError, match=f"{name} must be at most 10000000 bytes, got 10000001"):
        read_entry(entry_folder)


def test_weights_beside_an_architecture_are_refused(architecture_folder, entry_files):
    (architecture_folder / "weights.safetensors").write_bytes(entry_files["weights.safetensors"])
    with pytest.raises(IntegrityError, match=r"weights\.safetensors must be listed in record\.json, .*; delete it"):
        read_entry(architecture_folder)


def test_a_file_that_nothing_reads_does_not_matter(entry_folder):
    (entry_folder / "notes.txt").write_text("mine")
    assert read_entry(entry_folder).has_weights


@pytest.mark.parametrize(
    ("dropped", "message"),
    [
        ("canary.safetensors", r"must list canary\.safetensors"),
        ("weights.safetensors", r"must list weights\.safetensors"),
        ("card.md", r"must list card\.md"),
    ],
)
def test_a_record_must_list_what_belongs_together(entry_folder, reseal, dropped, message):
    hashes = {name: value for name, value in read_entry(entry_folder).record.files.items() if name != dropped}
    reseal(entry_folder, files=hashes)
    with pytest.raises(IntegrityError, match=message):
        read_entry(entry_folder)


def test_a_spec_of_another_network_is_refused_although_its_hash_fits(entry_folder, tiny_spec, reseal):
    (entry_folder / "spec.json").write_text(replace(tiny_spec, classes=11).to_json())
    reseal(entry_folder)
    with pytest.raises(
        IntegrityError, match=f"must have the digest of spec.json, [0-9a-f]{{64}}, got '{tiny_spec.digest}'"
    ):
        read_entry(entry_folder)


@pytest.mark.parametrize("field", ["parameters", "macs"])
def test_a_wrong_cost_is_refused(entry_folder, reseal, field):
    reseal(entry_folder, **{field: 7})
    with pytest.raises(IntegrityError, match=r"must state the cost of spec\.json, \d+ parameters and \d+ MACs"):
        read_entry(entry_folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{}", "a network spec must have the field 'kind'"),
        (b"not json", "a network spec must be a JSON object"),
        (b"\xff", r"spec\.json must be UTF-8 text"),
    ],
)
def test_a_spec_that_was_wrong_from_the_start_is_invalid(entry_folder, reseal, text, message):
    (entry_folder / "spec.json").write_bytes(text)
    reseal(entry_folder)
    with pytest.raises(InvalidInput, match=message):
        read_entry(entry_folder)


def test_a_record_whose_name_would_leave_the_folder_is_invalid(entry_folder, reseal):
    reseal(entry_folder, name="../../x")
    with pytest.raises(InvalidInput, match=r"a zoo name must be .*, got '\.\./\.\./x'"):
        read_entry(entry_folder)


def test_reading_and_listing_need_neither_torch_nor_mlflow():
    modules = ("names", "entry", "catalogue", "index", "listing", "show", "writing", "card", "sanity")
    heavy = ("torch", "mlflow", "numpy", "safetensors")
    code = "import sys\n" + "\n".join(f"import rcnas_zoo.zoo.{module}" for module in modules)
    code += f"\nprint(*[name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
