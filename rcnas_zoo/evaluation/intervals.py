"""Confidence intervals of accuracies."""

from math import sqrt
from statistics import NormalDist

from rcnas_zoo.spec.errors import InvalidInput


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927), without continuity correction: its ends in [0, 1].

    It solves (p - share)^2 = z^2 p (1 - p) / trials for p, with z the normal quantile of the confidence.

    Args:
        successes: 0 to ``trials``.
        trials: at least 1.
        confidence: two-sided, in (0, 1).

    Raises:
        InvalidInput: a value outside its range.
    """
    if not (trials >= 1 and 0 <= successes <= trials and 0 < confidence < 1):
        raise InvalidInput(
            "an interval needs 0 <= successes <= trials, trials >= 1 and a confidence in (0, 1), "
            f"got {successes}, {trials} and {confidence}"
        )
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = successes / trials, z * z / trials
    centre = share + weight / 2
    half = z * sqrt(share * (1 - share) / trials + weight / (4 * trials))
    low = 0.0 if successes == 0 else (centre - half) / (1 + weight)
    high = 1.0 if successes == trials else (centre + half) / (1 + weight)
    return low, high
