"""``cifar10`` and ``cifar100``: pickles read without trusting them."""

import pickle

import numpy as np
import pytest

from rcnas_zoo.datasets.cifar import CIFAR10, CIFAR100, read
from tests.datasets.samples import random_pixels, write_cifar

BATCHES = [f"data_batch_{number}" for number in range(1, 6)]


def test_cifar10_joins_its_five_batches(tmp_path):
    pixels = write_cifar(tmp_path / "cifar-10-batches-py", BATCHES, "labels", 10)
    train = read(CIFAR10, tmp_path, "train")
    np.testing.assert_array_equal(train.images.numpy(), pixels)
    assert train.labels.tolist() == list(range(10)) * 5


def test_cifar100_takes_the_fine_labels(tmp_path):
    pixels = write_cifar(tmp_path / "cifar-100-python", ["test"], "fine_labels", 100)
    test = read(CIFAR100, tmp_path, "test")
    np.testing.assert_array_equal(test.images.numpy(), pixels)
    assert test.labels.tolist() == list(range(100))


def test_torchvision_agrees_on_the_content(tmp_path, monkeypatch):
    from torchvision.datasets import CIFAR10 as THEIRS

    write_cifar(tmp_path / "cifar-10-batches-py", ["test_batch"], "labels", 10)
    write_cifar(tmp_path / "cifar-10-batches-py", ["batches.meta"], "label_names", 10)
    monkeypatch.setattr(THEIRS, "train_list", [])
    monkeypatch.setattr(THEIRS, "test_list", [["test_batch", None]])
    monkeypatch.setattr(THEIRS, "meta", {**THEIRS.meta, "md5": None})
    theirs = THEIRS(tmp_path, train=False)
    ours = read(CIFAR10, tmp_path, "test")
    np.testing.assert_array_equal(ours.images.permute(0, 2, 3, 1).numpy(), theirs.data)
    assert ours.labels.tolist() == theirs.targets


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_pickles_of_older_and_newer_numpy_are_read(tmp_path, protocol, module):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    written = pickle.dumps({"data": random_pixels(2, 3072), "labels": np.array([0, 1])}, protocol)
    ours = b"numpy._core.multiarray" if b"numpy._core.multiarray" in written else b"numpy.core.multiarray"
    if protocol < 4:  # from 4 on, lengths stand before names, which must then keep theirs
        written = written.replace(ours, module)
    (folder / "test_batch").write_bytes(written)
    np.testing.assert_array_equal(read(CIFAR10, tmp_path, "test").images.flatten(1).numpy(), random_pixels(2, 3072))


def test_a_pickle_that_would_run_code_is_refused_and_does_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "test_batch").write_bytes(pickle.dumps({"data": Evil(), "labels": [0]}))
    with pytest.raises(pickle.UnpicklingError, match=r"must hold arrays and lists only, got (builtins|pathlib)"):
        read(CIFAR10, tmp_path, "test")
    assert not (tmp_path / "ran").exists()
