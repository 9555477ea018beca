"""What a few seeds and some test images tell of a method."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import hypot, sqrt
from statistics import fmean, stdev
from typing import Any

from rcnas_zoo.evaluation.intervals import wilson


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
    """The mean of the accuracies of some seeds, all on the same test images, or each on a subset of its own.

    Two things would come out otherwise another time: the training, which the seeds tell of, and the choice of the test
    images, which they do not, for they share them. The widths of both to either side, Student's t over the seeds and
    Wilson's interval over the images, are added in squares. Where each seed has a subset of its own, the seeds tell of
    the images too, and the interval is wider than it need be. A single seed tells nothing of the first; its interval is
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
        interval: 95 % of it by Student's t, None for a single pair.
        p_value: of the paired t-test, two-sided; None for a single pair.
    """

    a: str
    b: str
    metric: str
    seeds: int
    effect: float
    interval: tuple[float, float] | None
    p_value: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "interval": list(self.interval) if self.interval else None}


def seed_test(a: str, b: str, metric: str, pairs: Sequence[tuple[float, float]]) -> SeedTest:
    """The test of pairs of accuracies, one for each seed that both methods have.

    The same seed means the same split, order of the images and attack; what differs is the method. Three seeds tell
    large differences only, and say nothing of other data.
    """
    differences = [first - second for first, second in pairs]
    effect = fmean(differences)
    if len(pairs) == 1:
        return SeedTest(a, b, metric, 1, effect, None, None)
    error = stdev(differences) / sqrt(len(pairs))
    half = _student(len(pairs) - 1) * error
    return SeedTest(a, b, metric, len(pairs), effect, (effect - half, effect + half), _p_value(effect, error, pairs))


def _p_value(effect: float, error: float, pairs: Sequence[object]) -> float:
    from scipy.stats import t

    if error == 0:
        return 1.0 if effect == 0 else 0.0
    return float(2 * t.sf(abs(effect) / error, len(pairs) - 1))


def _student(freedom: int) -> float:
    """The factor of a 95 % interval."""
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
