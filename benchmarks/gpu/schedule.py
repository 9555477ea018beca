"""How much training fits into the time that there is."""

import math
from dataclasses import dataclass

from rcnas_zoo.spec.canonical import check_number
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True)
class Time:
    """The time of a training.

    Attributes:
        seconds: in all.
        slice_seconds: of one slice.
        start_seconds: that every slice loses before its first quick update: loading, compiling.
        spare: share of the rest, in [0, 1), kept for measuring, for checkpoints and for a machine in a bad mood.

    Raises:
        InvalidInput: a number outside its range, or slices that are over before they have begun.
    """

    seconds: float
    slice_seconds: float
    start_seconds: float = 0.0
    spare: float = 0.1

    def __post_init__(self) -> None:
        check_number("the seconds of a training", self.seconds, 0)
        check_number("the seconds of a start", self.start_seconds, 0)
        if not 0 <= self.spare < 1:
            raise InvalidInput(f"the spare share of the time must be in [0, 1), got {self.spare}; 0.1 is usual")
        if self.slice_seconds <= self.start_seconds:
            raise InvalidInput(
                f"a slice must be longer than its start of {self.start_seconds:.0f} s, got {self.slice_seconds:.0f} s; "
                "raise --slice-minutes"
            )

    @property
    def slices(self) -> int:
        """Slices that it takes."""
        return math.ceil(self.seconds / self.slice_seconds)

    @property
    def training_seconds(self) -> float:
        """What is left for updates, at least 0."""
        return max(0.0, (self.seconds - self.slices * self.start_seconds) * (1 - self.spare))

    def epochs(self, images: int, images_per_second: float) -> int:
        """Whole epochs of so many images that fit."""
        return math.floor(self.training_seconds * images_per_second / images)

    def needed(self, epochs: int, images: int, images_per_second: float) -> float:
        """Seconds in all that so many epochs will take: updates, the spare share, and as many starts as slices."""
        training = epochs * images / images_per_second / (1 - self.spare)
        return training + math.ceil(training / (self.slice_seconds - self.start_seconds)) * self.start_seconds


def epochs_in(time: Time, images: int, images_per_second: float) -> int:
    """As `Time.epochs`, but at least one.

    Raises:
        InvalidInput: not even one epoch fits.
    """
    if epochs := time.epochs(images, images_per_second):
        return epochs
    needed = time.needed(1, images, images_per_second) / 60
    raise InvalidInput(
        f"the time must suffice for one epoch, which takes {needed:.3g} minutes, got {time.seconds / 60:.3g}; "
        "raise --total-minutes or take a quicker --objective"
    )
