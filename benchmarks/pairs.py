"""Differences of paired verdicts, with their intervals."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, stdev

import numpy as np
import torch
from scipy.stats import t as student
from torch import Tensor

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float


def pooled(differences: Tensor) -> Difference:
    """The mean of all (seeds, images) pairs in {-1, 0, 1}, each pair a draw of its own."""
    flat = differences.double().flatten()
    return _around(float(flat.mean()), float(flat.std()) / sqrt(len(flat)), NormalDist().inv_cdf((1 + CONFIDENCE) / 2))


def by_image(differences: Tensor) -> Difference:
    """The same mean, each image one draw: the seeds of an image are not independent of each other."""
    return pooled(differences.double().mean(0))


def by_seed(differences: Tensor) -> Difference:
    """The same mean, each seed one draw (Student's t): what another pair of trainings would show."""
    means = differences.double().mean(1).tolist()
    factor = float(student.ppf((1 + CONFIDENCE) / 2, len(means) - 1))
    return _around(fmean(means), stdev(means) / sqrt(len(means)), factor)


def _around(mean: float, error: float, factor: float) -> Difference:
    return Difference(mean, mean - factor * error, mean + factor * error)


def packed(verdict: Tensor) -> str:
    """A verdict, bool (N,), as hex digits, four images a digit."""
    return np.packbits(verdict.numpy()).tobytes().hex()


def unpacked(text: str, count: int) -> Tensor:
    """The verdict of ``count`` images in hex digits."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), dtype=np.uint8))
    return torch.from_numpy(bits[:count].astype(bool))
