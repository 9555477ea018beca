"""A data set travels in loads and is put together from them, whole or not at all."""

import json

import numpy as np
import pytest
import torch

from benchmarks.gpu.strips import pack, unpack
from benchmarks.gpu.work import open_dataset
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

LOAD = 200_000
"""A strip of 20 random images is some 60,000 bytes."""


@pytest.fixture
def loads(strips, tmp_path):
    return pack(strips[0], tmp_path / "loads", LOAD)


def arrives(loads, data):
    return [unpack(load, data, "cifar10") for load in loads]


def test_loads_keep_their_size_and_hold_every_file_once(strips, loads):
    assert len(loads) == 2
    names = [path.name for load in loads for path in load.iterdir() if path.name != "strips.json"]
    assert sorted(names) == sorted(path.name for path in strips[0].iterdir())
    assert all(sum(path.stat().st_size for path in load.iterdir()) <= LOAD for load in loads)


def test_what_arrives_is_the_data_set(strips, loads, tmp_path):
    arrives(loads, tmp_path / "data")
    dataset = open_dataset("cifar10", tmp_path / "data")
    for split, found in (("train", dataset.train), ("test", dataset.test())):
        images, labels = strips[1][split]
        assert torch.equal(found.images, torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
        assert found.labels.tolist() == labels.tolist()


def test_loads_arrive_in_any_order_and_twice(loads, tmp_path):
    missing = arrives([loads[1], loads[1], loads[0]], tmp_path / "data")
    assert missing[0] == missing[1] == [path.name for path in sorted(loads[0].iterdir()) if path.name != "strips.json"]
    assert missing[2] == []


def test_what_is_missing_is_told_before_all_has_arrived(loads, tmp_path):
    arrives(loads[:1], tmp_path / "data")
    with pytest.raises(
        NotFound, match=r"all strips of cifar10 must be in .*, but \d are still missing, t.* unpack the"
    ):
        open_dataset("cifar10", tmp_path / "data")


def test_a_damaged_strip_is_refused(loads, tmp_path):
    strip = next(loads[0].glob("*.webp"))
    strip.write_bytes(strip.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match=f"the strip {strip.name} must match its sha256 in strips.json"):
        arrives(loads, tmp_path / "data")


@pytest.mark.parametrize("name", ["../train_000.webp", "/tmp/x", "a\\b", ".hidden"])
def test_no_strip_leaves_its_folder(loads, tmp_path, name):
    (loads[0] / "strips.json").write_text(json.dumps({name: "0"}))
    with pytest.raises(IntegrityError, match="a strip must be a plain file name"):
        arrives(loads, tmp_path / "data")


def test_loads_of_two_data_sets_are_not_mixed(strips, loads, tmp_path):
    arrives(loads[:1], tmp_path / "data")
    np.savez(strips[0] / "labels.npz", train=np.arange(80) % 10, test=np.zeros(20, dtype=np.int64))
    others = pack(strips[0], tmp_path / "others", LOAD)
    with pytest.raises(IntegrityError, match="all loads must be of one data set"):
        arrives(others[1:], tmp_path / "data")


def test_a_file_larger_than_a_load_is_refused(strips, tmp_path):
    with pytest.raises(InvalidInput, match=r"a load must hold train_000.webp of \d+ bytes; raise --load-size"):
        pack(strips[0], tmp_path / "small", 10_000)


def test_a_folder_without_strips_is_refused(tmp_path):
    with pytest.raises(NotFound, match=r"must hold train_000.webp, got none"):
        pack(tmp_path, tmp_path / "loads", LOAD)


def test_a_load_without_its_list_is_refused(tmp_path):
    with pytest.raises(NotFound, match=r"a load must hold strips.json, got none"):
        unpack(tmp_path, tmp_path / "data", "cifar10")
