"""`Dataset`: the training labels are the classes; the test images must fit them."""

import pytest
import torch

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput


def images(labels: list[int], side: int = 2) -> Images:
    return Images(torch.zeros(len(labels), 1, side, side, dtype=torch.uint8), torch.tensor(labels))


def dataset(train: list[int], classes: int, test: Images | None = None) -> Dataset:
    return Dataset("mine", "mine", classes, False, images(train), lambda: test or images([0, 1]))


def test_shape_is_that_of_the_training_images():
    assert dataset([0, 1], 2).shape == (1, 2, 2)


def test_test_opens_the_door_at_each_call_and_not_before():
    calls = []
    made = Dataset("mine", "mine", 2, False, images([0, 1]), lambda: calls.append(1) or images([1]))
    assert calls == []
    assert made.test().labels.tolist() == [1]
    made.test()
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("train", "classes", "message"),
    [
        ([0, 0], 1, "at least 2 classes, got 1 in mine"),
        ([0, 2], 3, "labels of mine must be 0 to 2, each at least once, got 2 different ones from 0 to 2"),
        ([0, 10], 2, "labels of mine must be 0 to 1, each at least once, got 2 different ones from 0 to 10"),
        ([0, 1, 2], 2, "labels of mine must be 0 to 1, each at least once, got 3 different ones from 0 to 2"),
    ],
)
def test_refuses_training_labels_that_are_not_the_classes(train, classes, message):
    with pytest.raises(InvalidInput, match=message):
        dataset(train, classes)


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (images([0], side=3), r"test images of mine .* \(1, 2, 2\), got \(1, 3, 3\)"),
        (images([0, 2]), "test labels of mine must be classes of the train split, 0 to 1, got 2"),
    ],
)
def test_refuses_test_images_that_do_not_fit(test, message):
    with pytest.raises(InvalidInput, match=message):
        dataset([0, 1], 2, test).test()
