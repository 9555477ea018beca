"""`load_dataset`: every kind of name, and that the test split waits."""

import pickle

import numpy as np
import pytest

from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import random_pixels, write_cifar, write_pictures
from tests.datasets.test_npz import spoil


def test_digits_are_at_hand():
    digits = load_dataset("digits")
    assert (digits.name, digits.slug, digits.shape, digits.classes, digits.flips) == (
        "digits",
        "digits",
        (1, 8, 8),
        10,
        False,
    )
    assert (len(digits.train), len(digits.test())) == (1437, 360)


def test_an_npz_file_tells_its_own_classes_and_is_never_flipped(npz):
    dataset = load_dataset(f"npz:{npz()}")
    assert (dataset.slug, dataset.shape, dataset.classes, dataset.flips) == ("mine", (3, 4, 3), 2, False)
    assert (len(dataset.train), len(dataset.test())) == (6, 4)


def test_a_folder_of_pictures(tmp_path):
    names = ["train/a/1.png", "train/b/1.jpg", "test/a/1.png", "test/b/1.png"]
    write_pictures(tmp_path / "pets", dict(zip(names, random_pixels(4, 8, 8, 3), strict=True)))
    dataset = load_dataset(f"folder:{tmp_path / 'pets'}")
    assert (dataset.slug, dataset.shape, dataset.classes) == ("pets", (3, 8, 8), 2)
    assert dataset.test().labels.tolist() == [0, 1]


def test_a_published_set_in_the_layout_of_torchvision(tmp_path, monkeypatch):
    write_cifar(tmp_path / "cifar-100-python", ["train", "test"], "fine_labels", 100)
    monkeypatch.setenv("RCNAS_DATA", str(tmp_path))
    dataset = load_dataset("cifar100")
    assert (dataset.shape, dataset.classes, dataset.flips) == ((3, 32, 32), 100, True)
    assert len(dataset.test()) == 100


def test_an_npz_file_of_a_published_set_comes_first(tmp_path):
    write_cifar(tmp_path / "cifar-10-batches-py", [f"data_batch_{n}" for n in range(1, 6)], "labels", 10)
    pixels, labels = random_pixels(20, 32, 32, 3), np.arange(20) % 10
    split = {"train_images": pixels, "train_labels": labels, "test_images": pixels[:3], "test_labels": labels[:3]}
    np.savez(tmp_path / "cifar10.npz", **split)
    dataset = load_dataset("cifar10", tmp_path)
    assert (len(dataset.train), len(dataset.test())) == (20, 3)


@pytest.mark.parametrize("member", ["test_images", "test_labels"])
def test_loading_does_not_read_the_test_arrays(npz, member):
    path = npz()
    spoil(path, member)
    dataset = load_dataset(f"npz:{path}")
    with pytest.raises(InvalidInput, match="BadZipFile"):
        dataset.test()


def test_loading_does_not_read_the_test_files(tmp_path):
    folder = tmp_path / "cifar-100-python"
    write_cifar(folder, ["train"], "fine_labels", 100)
    (folder / "test").write_bytes(b"no pickle")
    dataset = load_dataset("cifar100", tmp_path)
    with pytest.raises(InvalidInput, match="cifar100 must be readable and whole"):
        dataset.test()


def test_a_data_set_travels_between_processes(npz):
    dataset = pickle.loads(pickle.dumps(load_dataset(f"npz:{npz()}")))
    assert dataset.test().labels.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_labels": np.array([0, 2, 0, 2, 2, 0])}, "0 to 2, each at least once, got 2 different ones"),
        ({"train_labels": np.zeros(6, int)}, "at least 2 classes, got 1 in npz:"),
        ({"train_labels": np.array([0, 10**9, 0, 1, 1, 0])}, "0 to 1000000000, each at least once"),
    ],
)
def test_training_labels_must_be_the_classes(npz, changes, message):
    with pytest.raises(InvalidInput, match=message):
        load_dataset(f"npz:{npz(**changes)}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_labels": np.array([0, 1, 2, 0])}, "classes of the train split, 0 to 1, got 2"),
        ({"test_images": np.zeros((4, 5, 3, 3), np.uint8)}, r"\(3, 4, 3\), got \(3, 5, 3\)"),
        ({"test_images": np.zeros((0, 4, 3, 3), np.uint8)}, "images in the test split of .* at least one"),
        ({"test_labels": np.array([0.5, 1, 0, 1])}, "labels in the test split of .* must be integers, got float64"),
    ],
)
def test_test_arrays_are_checked_when_opened(npz, changes, message):
    dataset = load_dataset(f"npz:{npz(**changes)}")
    with pytest.raises(InvalidInput, match=message):
        dataset.test()


def test_a_published_set_must_have_its_published_shape(npz):
    npz().rename(npz().parent / "cifar10.npz")
    with pytest.raises(InvalidInput, match=r"images of cifar10 must have .* \(3, 32, 32\), got \(3, 4, 3\)"):
        load_dataset("cifar10", npz().parent)


def test_an_unknown_name_gets_its_neighbour():
    with pytest.raises(InvalidInput, match=r"got 'cifar-10' \(did you mean 'cifar10'\?\)"):
        load_dataset("cifar-10")


@pytest.mark.parametrize("prefix", ["npz", "folder"])
def test_absent_files_of_the_user_are_not_found(prefix, tmp_path):
    with pytest.raises(NotFound, match="must exist, but"):
        load_dataset(f"{prefix}:{tmp_path / 'none'}")
