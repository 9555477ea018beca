"""What a few seeds and some test images tell of a method."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from math import hypot, sqrt
from statistics import fmean, stdev
from typing import Any

from rcnas_zoo.evaluation.intervals import wilson

ROUNDING = 1e-12
"""Differences that vary by less do not vary: no number of images tells accuracies so well apart."""


@dataclass(frozen=True)
class Estimate:
    """An accuracy of a method.

    Attributes:
        mean: over the seeds.
        std: over the seeds, with n - 1; None for a single one.
        interval: 95 %, see `estimate`.
    """

    mean: float
    std: float | None
    interval: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "interval": list(self.interval)}


def estimate(values: Sequence[float], images: int) -> Estimate:
    """The mean of the accuracies of some seeds, all on the same test images.

    Two things would come out otherwise another time: the training, which the seeds tell of, and the choice of the test
    images, which they do not, for they share them. The widths of both to either side, Student's t over the seeds and
    Wilson's interval over the images, are added in squares. A single seed tells nothing of the first; its interval is
    Wilson's and too narrow for what is said of a method.

    Args:
        values: accuracies in [0, 1], at least one.
        images: how many each was measured on.
    """
    mean = fmean(values)
    low, high = wilson(round(mean * images), images)
    if len(values) == 1:
        return Estimate(mean, None, (low, high))
    spread = stdev(values)
    trained = _student(len(values) - 1) * spread / sqrt(len(values))
    below, above = hypot(trained, mean - low), hypot(trained, high - mean)
    return Estimate(mean, spread, (max(0.0, mean - below), min(1.0, mean + above)))


@dataclass(frozen=True)
class SeedTest:
    """One method against another, paired by seed.

    Attributes:
        a, b, metric: what was compared; the metric is ``clean`` or ``robust`` or an attack.
        seeds: how many pairs.
        effect: mean difference, above 0 where a is better.
        interval: 95 % of it by Student's t; None where the differences do not vary, as a single one does not.
        p_value: of the paired t-test, two-sided; None where there is no interval.
        adjusted: the p-value as one of many, see `holm`; None where there is none.
    """

    a: str
    b: str
    metric: str
    seeds: int
    effect: float
    interval: tuple[float, float] | None
    p_value: float | None
    adjusted: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "interval": list(self.interval) if self.interval else None}


def seed_test(a: str, b: str, metric: str, pairs: Sequence[tuple[float, float]]) -> SeedTest:
    """The test of pairs of accuracies, one for each seed that both methods have.

    The same seed means the same split, order of the images and attack; what differs is the method. Three seeds tell
    large differences only, and say nothing of other data. Differences that are all the same, be they 0, tell nothing
    of how they vary: then there is no test.
    """
    differences = [first - second for first, second in pairs]
    effect, count = fmean(differences), len(pairs)
    error = stdev(differences) / sqrt(count) if count > 1 else 0.0
    if error < ROUNDING:
        return SeedTest(a, b, metric, count, effect, None, None)
    half = _student(count - 1) * error
    return SeedTest(a, b, metric, count, effect, (effect - half, effect + half), _p_value(effect / error, count - 1))


def holm(tests: Sequence[SeedTest]) -> list[SeedTest]:
    """The tests with p-values that hold for all of them together (Holm 1979), in their order.

    Of many rows that differ in nothing, one in twenty would else seem to. The k-th smallest of m p-values is multiplied
    by m - k + 1, is never below that of a smaller one, and at most 1. Where there is no p-value, there was no test.
    """
    tested = sorted((test.p_value, place) for place, test in enumerate(tests) if test.p_value is not None)
    factors = range(len(tested), 0, -1)
    raised = accumulate((min(1.0, p * factor) for (p, _), factor in zip(tested, factors, strict=True)), max)
    adjusted = {place: value for (_, place), value in zip(tested, raised, strict=True)}
    return [replace(test, adjusted=adjusted.get(place)) for place, test in enumerate(tests)]


def _p_value(ratio: float, freedom: int) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(ratio), freedom))


def _student(freedom: int) -> float:
    """The factor of a 95 % interval."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
