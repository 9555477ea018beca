"""``folder:DIR``: classes by name, pictures by split."""

import numpy as np
import pytest

from rcnas_zoo.datasets.folder import read
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import random_pixels, write_pictures

PIXELS = random_pixels(5, 4, 3)
NAMES = ["train/cat/2.png", "train/cat/1.png", "train/ant/1.png", "test/ant/1.png", "test/cat/1.png"]


@pytest.fixture
def root(tmp_path):
    """Two classes of grey pictures; a note and a hidden folder that are none."""
    write_pictures(tmp_path, dict(zip(NAMES, PIXELS, strict=True)))
    (tmp_path / "train" / "cat" / "notes.txt").write_text("taken in March")
    (tmp_path / "train" / ".cache").mkdir()
    return tmp_path


def test_classes_and_pictures_are_sorted_by_name(root):
    train = read(root, "train")
    assert train.labels.tolist() == [0, 1, 1]
    np.testing.assert_array_equal(train.images[:, 0].numpy(), PIXELS[[2, 1, 0]])


def test_the_test_split_uses_the_numbers_of_the_training_classes(root):
    test = read(root, "test")
    assert test.labels.tolist() == [0, 1]
    np.testing.assert_array_equal(test.images[:, 0].numpy(), PIXELS[[3, 4]])


def test_one_coloured_training_picture_makes_all_coloured(root):
    write_pictures(root, {"train/ant/0.png": np.zeros((4, 3, 3), np.uint8)})
    assert read(root, "train").shape == read(root, "test").shape == (3, 4, 3)


def test_a_coloured_test_picture_among_grey_ones_is_refused(root):
    write_pictures(root, {"test/ant/0.png": np.zeros((4, 3, 3), np.uint8)})
    with pytest.raises(InvalidInput, match=r"0\.png must be grey like the training pictures"):
        read(root, "test")


def test_damaged_test_pictures_are_noticed_by_the_test_split_only(root):
    for path in (root / "test").rglob("*.png"):
        path.write_bytes(b"")
    assert len(read(root, "train")) == 3
    with pytest.raises(InvalidInput, match=r"test/ant/1\.png must be readable and whole"):
        read(root, "test")


@pytest.mark.parametrize(("name", "where"), [("train/bee/1.png", "train"), ("test/bee/1.png", "test")])
def test_classes_of_one_split_only_are_refused_at_once(root, name, where):
    write_pictures(root, {name: PIXELS[0]})
    with pytest.raises(InvalidInput, match=f"must have the same classes, got 'bee' in {where} only"):
        read(root, "train")


def test_a_class_without_pictures_is_refused(root):
    (root / "train" / "bee").mkdir()
    (root / "test" / "bee").mkdir()
    with pytest.raises(InvalidInput, match=r"each class folder must hold pictures .*, got none in .*train/bee"):
        read(root, "train")


def test_a_folder_without_classes_is_refused(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    with pytest.raises(InvalidInput, match="train must have a folder for each class, got none"):
        read(tmp_path, "train")


@pytest.mark.parametrize("part", ["train", "test"])
def test_an_absent_part_is_not_found(tmp_path, part):
    (tmp_path / {"train": "test", "test": "train"}[part]).mkdir()
    with pytest.raises(NotFound, match=rf"must exist, but .*/{part} does not; give a folder with train/<class>/"):
        read(tmp_path, "train")
