"""A content cut into parts is the same again, or nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.gpu.chunks import read_manifest, read_parts, write_parts
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

NAME = "some.bin"
CONTENT = bytes(range(256)) * 4


@pytest.fixture
def folder(tmp_path):
    write_parts(tmp_path, NAME, CONTENT, 300, {"of": "a test"})
    return tmp_path


# Every part is flushed to the disk, so few parts and few examples.
@settings(max_examples=15)
@given(content=st.binary(max_size=200), size=st.integers(50, 250))
def test_parts_are_as_large_as_allowed_and_make_up_the_content(tmp_path_factory, content, size):
    folder = tmp_path_factory.mktemp("parts")
    manifest = write_parts(folder, NAME, content, size, {})
    found = [(folder / manifest.part(number)).read_bytes() for number in range(1, len(manifest.parts) + 1)]
    assert b"".join(found) == content == read_parts(folder, read_manifest(folder, NAME))
    assert [len(part) for part in found[:-1]] == [size] * (len(found) - 1)
    assert all(0 < len(part) <= size for part in found)


def test_facts_come_back(folder):
    assert read_manifest(folder, NAME).facts == {"of": "a test"}


def test_missing_parts_are_all_named(folder):
    for number in (2, 4):
        (folder / f"{NAME}.{number:03}").unlink()
    with pytest.raises(NotFound, match=r"all 4 parts must be in .*, missing: some.bin.002, some.bin.004; bring them"):
        read_parts(folder, read_manifest(folder, NAME))


@pytest.mark.parametrize("damage", [lambda old: old[:-1], lambda old: b"x" + old[1:], lambda old: old + b"x"])
def test_a_damaged_part_is_refused(folder, damage):
    part = folder / f"{NAME}.002"
    part.write_bytes(damage(part.read_bytes()))
    with pytest.raises(IntegrityError, match=r"some.bin.002 must"):
        read_parts(folder, read_manifest(folder, NAME))


def test_parts_in_another_order_are_refused(folder):
    data = json.loads((folder / f"{NAME}.json").read_text())
    one, two = (folder / f"{NAME}.{number:03}" for number in (1, 2))
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    data["parts"][:2] = reversed(data["parts"][:2])
    (folder / f"{NAME}.json").write_text(json.dumps(data))
    with pytest.raises(IntegrityError, match="must make up what the manifest says"):
        read_parts(folder, read_manifest(folder, NAME))


def test_a_missing_manifest_is_told(tmp_path):
    with pytest.raises(NotFound, match=r"the manifest some.bin.json must be in .*; bring it back with the parts"):
        read_manifest(tmp_path, NAME)


@pytest.mark.parametrize("name", ["../other", "/etc/passwd", "other"])
def test_a_manifest_names_no_other_files(folder, name):
    data = json.loads((folder / f"{NAME}.json").read_text())
    (folder / f"{NAME}.json").write_text(json.dumps({**data, "name": name}))
    with pytest.raises(IntegrityError, match=r"a manifest must be of some.bin"):
        read_manifest(folder, NAME)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}', "\udcff"])
def test_a_damaged_manifest_is_refused(folder, text):
    (folder / f"{NAME}.json").write_text(text, errors="surrogateescape")
    with pytest.raises(InvalidInput):
        read_manifest(folder, NAME)
