"""``tiny-imagenet``: its own folder layout, the validation part as test split."""

import shutil

import pytest

from rcnas_zoo.datasets.tiny_imagenet import read
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import write_tiny_imagenet


@pytest.fixture
def folder(tmp_path):
    return write_tiny_imagenet(tmp_path, classes=3)


def test_training_classes_are_numbered_by_their_names(folder):
    train = read(folder.parent, "train")
    assert train.labels.tolist() == [0, 1, 2]
    assert train.images.float().mean(dim=(1, 2, 3)).round().tolist() == [0, 1, 2]


def test_grey_pictures_come_out_in_colour(folder):
    assert read(folder.parent, "train").shape == (3, 64, 64)


def test_the_test_split_follows_the_annotations(folder):
    test = read(folder.parent, "test")
    assert test.labels.tolist() == [2, 1, 0]
    assert test.images.float().mean(dim=(1, 2, 3)).round().tolist() == [2, 1, 0]


@pytest.mark.parametrize("line", ["val_0.JPEG\tn99\t0", "val_0.JPEG", ""])
def test_a_malformed_annotation_is_shown(folder, line):
    (folder / "val" / "val_annotations.txt").write_text(f"{line}\n")
    with pytest.raises(InvalidInput, match=r"val_annotations\.txt must be a file name, a tab and a class, got '"):
        read(folder.parent, "test")


def test_an_absent_picture_is_not_found(folder):
    (folder / "val" / "images" / "val_1.JPEG").unlink()
    with pytest.raises(NotFound, match=r"val_1\.JPEG must exist"):
        read(folder.parent, "test")


def test_a_folder_without_pictures_is_refused(folder):
    for images in (folder / "train").glob("*/images"):
        shutil.rmtree(images)
    with pytest.raises(InvalidInput, match="must hold pictures of its train split, got none"):
        read(folder.parent, "train")
