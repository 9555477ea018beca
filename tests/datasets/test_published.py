"""Published sets: damage, absence, and that each split is read from its own files."""

import pickle
import struct

import pytest
from scipy.io import savemat

from rcnas_zoo.datasets.published import read
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import random_pixels, write_cifar

BATCHES = [f"data_batch_{number}" for number in range(1, 6)]


def test_the_training_split_needs_no_test_file(tmp_path):
    write_cifar(tmp_path / "cifar-10-batches-py", BATCHES, "labels", 10)
    assert len(read("cifar10", tmp_path, False, "train")) == 50
    with pytest.raises(NotFound, match=r"test_batch does not; add --download, or unpack it under"):
        read("cifar10", tmp_path, False, "test")


def test_one_absent_batch_is_not_found(tmp_path):
    write_cifar(tmp_path / "cifar-10-batches-py", BATCHES[:4], "labels", 10)
    with pytest.raises(NotFound, match=r"cifar10 must exist, but .*data_batch_5 does not"):
        read("cifar10", tmp_path, False, "train")


@pytest.mark.parametrize("keep", [0, 5, 100, 30_000])
def test_a_truncated_pickle_is_refused(tmp_path, keep):
    write_cifar(tmp_path / "cifar-10-batches-py", ["test_batch"], "labels", 10)
    path = tmp_path / "cifar-10-batches-py" / "test_batch"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InvalidInput, match="the data set cifar10 must be readable and whole, got "):
        read("cifar10", tmp_path, False, "test")


@pytest.mark.parametrize("content", [[1, 2], {"data": random_pixels(1, 3072)}, {"data": 3, "labels": [0]}])
def test_a_pickle_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(InvalidInput, match="the data set cifar10 must be readable and whole, got "):
        read("cifar10", tmp_path, False, "test")


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x03", struct.pack(">BBBB3I", 0, 0, 8, 3, 9, 28, 28) + b"1234"])
def test_a_truncated_idx_file_is_refused(tmp_path, content):
    (tmp_path / "FashionMNIST" / "raw").mkdir(parents=True)
    (tmp_path / "FashionMNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(InvalidInput, match="the data set fashion-mnist must be readable and whole, got "):
        read("fashion-mnist", tmp_path, False, "train")


@pytest.mark.parametrize("keep", [0, 100, 2000])
def test_a_truncated_mat_file_is_refused(tmp_path, keep):
    path = tmp_path / "train_32x32.mat"
    savemat(path, {"X": random_pixels(32, 32, 3, 2), "y": random_pixels(2, 1)})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InvalidInput, match="the data set svhn must be readable and whole, got "):
        read("svhn", tmp_path, False, "train")
