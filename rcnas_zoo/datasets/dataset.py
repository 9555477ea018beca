"""A data set: training images at hand, test images behind a door."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput

Split = Literal["train", "test"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with a published split into training and test images.

    Attributes:
        name: as typed: ``digits``, ``npz:/data/mine.npz``.
        slug: the name as an alias may hold it.
        classes: number of classes.
        flips: whether a left-right flip keeps the label.
        train: the training images; each class occurs.
        open_test: reads the test images; called by `test` alone.

    Raises:
        InvalidInput: fewer than two classes, or training labels that are not exactly the classes.
    """

    name: str
    slug: str
    classes: int
    flips: bool
    train: Images
    open_test: Callable[[], Images] = field(repr=False)

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise InvalidInput(f"a data set must have at least 2 classes, got {self.classes} in {self.name}")
        found = torch.unique(self.train.labels)
        if len(found) != self.classes or found[-1] >= self.classes:
            raise InvalidInput(
                f"the train labels of {self.name} must be 0 to {self.classes - 1}, each at least once, "
                f"got {len(found)} different ones from {found[0]} to {found[-1]}"
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image."""
        return self.train.shape

    def test(self) -> Images:
        """The test images, read at this call and nowhere else.

        Raises:
            NotFound: the test files are absent.
            InvalidInput: they are damaged, or do not fit the training images.
        """
        test = self.open_test()
        if test.shape != self.shape:
            raise InvalidInput(
                f"the test images of {self.name} must have the (C, H, W) of the train images, {self.shape}, "
                f"got {test.shape}"
            )
        if int(test.labels.max()) >= self.classes:
            raise InvalidInput(
                f"the test labels of {self.name} must be classes of the train split, 0 to {self.classes - 1}, "
                f"got {int(test.labels.max())}"
            )
        return test
