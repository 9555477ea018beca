"""What was measured on this machine: times and memory of single steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.workflows.benchmarking.planning.work import Training


@dataclass(frozen=True)
class Line:
    """Seconds that grow with the number of images: so many in any case, and so many for each."""

    fixed: float
    each: float

    @classmethod
    def through(cls, few: int, seconds: float, many: int, more: float) -> "Line":
        """The line through two measurements, ``seconds`` for ``few`` images and ``more`` for ``many``.

        It never falls, and never starts below zero: one that would goes through the origin and the second point.
        """
        each = max(0.0, (more - seconds) / (many - few)) if many > few else more / many
        fixed = more - each * many
        return cls(fixed, each) if fixed >= 0 else cls(0.0, more / many)

    def at(self, images: float) -> float:
        """Seconds for so many images."""
        return self.fixed + self.each * images

    def __add__(self, other: "Line") -> "Line":
        return Line(self.fixed + other.fixed, self.each + other.each)

    def times(self, number: float) -> "Line":
        """So often."""
        return Line(number * self.fixed, number * self.each)


@dataclass(frozen=True)
class NetworkFigures:
    """Of one network.

    Attributes:
        gradient, forward: of one pass over a batch in eval mode, with a gradient to the images and without.
        image_seconds: of each training, what an update takes for one image.
        peak_bytes: the most memory that the process had while that was measured.
    """

    gradient: Line
    forward: Line
    image_seconds: Mapping[Training, float]
    peak_bytes: int


@dataclass(frozen=True)
class Figures:
    """All that a forecast is made of.

    Attributes:
        networks: by spec.
        bookkeeping: by attack, what it takes beside its passes, for so many images that stand to the end.
        start_seconds: of a process, until it can work.
    """

    networks: Mapping[NetworkSpec, NetworkFigures]
    bookkeeping: Mapping[str, Line]
    start_seconds: float = 0.0

    def training(self, training: Training) -> float:
        """What an update takes for one image."""
        return self.networks[training.spec].image_seconds[training]
