"""Two networks on the same images: what one gets right and the other does not."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Paired:
    """The verdicts of networks a and b on the same N images, side by side.

    Attributes:
        both, only_a, only_b, neither: images that both, one or none of the networks gets right; they sum to N.
        difference: accuracy of a minus accuracy of b, in [-1, 1].
        interval: 95 % interval of the difference, in [-1, 1].
        p_value: of the exact McNemar test that either network is as likely to be the only one that is right.
        won: places of the ``only_a`` images, int64, ascending.
        lost: places of the ``only_b`` images, int64, ascending.
    """

    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    interval: tuple[float, float]
    p_value: float
    won: Tensor
    lost: Tensor


def compare_verdicts(a: Tensor, b: Tensor) -> Paired:
    """Compares the verdicts of two networks on the same images in the same order.

    Args:
        a: bool (N,), at least one image: does network a classify it rightly.
        b: bool (N,), the same of network b.

    Raises:
        InvalidInput: no bool vectors of one length.
    """
    if any(verdict.dtype != torch.bool or verdict.ndim != 1 for verdict in (a, b)) or len(a) != len(b) or not len(a):
        kinds = " and ".join(f"{verdict.dtype} {tuple(verdict.shape)}" for verdict in (a, b))
        raise InvalidInput(f"verdicts to compare must be bool (N,) on the same N >= 1 images, got {kinds}")
    both, only_a, only_b, neither = (int(mask.sum()) for mask in (a & b, a & ~b, b & ~a, ~a & ~b))
    return Paired(
        both,
        only_a,
        only_b,
        neither,
        difference=(only_a - only_b) / len(a),
        interval=newcombe(both, only_a, only_b, neither),
        p_value=mcnemar(only_a, only_b),
        won=(a & ~b).nonzero().flatten(),
        lost=(b & ~a).nonzero().flatten(),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided p-value of the exact McNemar test: a fair coin would be as uneven as this, or more.

    The test is conditional on the images on which the networks differ (McNemar 1947, with the binomial law in place of
    the normal one); without any, it is 1. Whole numbers are summed, so that no tail is too small.

    Raises:
        InvalidInput: a negative count.
    """
    if min(only_a, only_b) < 0:
        raise InvalidInput(f"counts of images must be at least 0, got {only_a} and {only_b}")
    differing, fewer = only_a + only_b, min(only_a, only_b)
    ways = term = 1
    for chosen in range(1, fewer + 1):
        term = term * (differing - chosen + 1) // chosen
        ways += term
    return min(1.0, 2 * ways / (1 << differing))


def newcombe(both: int, only_a: int, only_b: int, neither: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two paired proportions, a minus b: its ends in [-1, 1].

    Method 10 of Newcombe 1998, Improved confidence intervals for the difference between binomial proportions based on
    paired data, Statistics in Medicine 17: the distances from each share to the ends of its Wilson interval are added
    as squares, less twice their product times the correlation. Unlike an interval from the standard error alone, it
    keeps a width where the networks never differ.

    Args:
        both: images that a and b get right.
        only_a: those that a alone gets right.
        only_b: those that b alone gets right.
        neither: those that none gets right; with the others at least one.
        confidence: two-sided, in (0, 1).

    Raises:
        InvalidInput: a negative count, no image, or a confidence outside its range.
    """
    images = both + only_a + only_b + neither
    if min(both, only_a, only_b, neither) < 0:
        raise InvalidInput(f"counts of images must be at least 0, got {both}, {only_a}, {only_b} and {neither}")
    below_a, above_a = _distances(both + only_a, images, confidence)
    below_b, above_b = _distances(both + only_b, images, confidence)
    phi = _correlation(both, only_a, only_b, neither)
    difference = (only_a - only_b) / images
    low = difference - _added(below_a, above_b, phi)
    high = difference + _added(above_a, below_b, phi)
    return max(low, -1.0), min(high, 1.0)


def _distances(right: int, images: int, confidence: float) -> tuple[float, float]:
    """From the share of right images to the low and the high end of its Wilson interval."""
    low, high = wilson(right, images, confidence)
    return right / images - low, high - right / images


def _added(one: float, other: float, phi: float) -> float:
    # Never negative but for rounding, as the correlation is at most 1.
    return sqrt(max(one * one - 2 * phi * one * other + other * other, 0.0))


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """The correlation phi of the verdicts; where positive, corrected for continuity by N / 2, as method 10 has it."""
    right_a, right_b, images = both + only_a, both + only_b, both + only_a + only_b + neither
    spread = right_a * (images - right_a) * right_b * (images - right_b)
    if not spread:
        return 0.0
    product = float(both * neither - only_a * only_b)
    corrected = max(product - images / 2, 0.0) if product > 0 else product
    return corrected / sqrt(spread)
