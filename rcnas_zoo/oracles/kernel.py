"""Kernel ridge regression in closed form, and how well it ranks what it was not fitted on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.spec.errors import InvalidInput

NOISE = 0.3
FOLDS = 10


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """A smooth function through noisy values: the mean of a Gaussian process.

    Its kernel is ``exp(-d^2 / 2 l^2)`` of the distance d between standardised points, l being the root mean square
    distance of those that it was fitted on.

    Attributes:
        centre, scale: of the coordinates, float64 (d,).
        points: standardised, (n, d).
        square_length: l^2.
        weights: of the points, (n, columns).
        mean: of the values, (columns,).
    """

    centre: Tensor
    scale: Tensor
    points: Tensor
    square_length: float
    weights: Tensor
    mean: Tensor

    def predict(self, points: Tensor) -> Tensor:
        """The values (m, columns) at points (m, d)."""
        wanted = (points - self.centre) / self.scale
        return _kernel(wanted, self.points, self.square_length) @ self.weights + self.mean


def fit(points: Tensor, values: Tensor) -> KernelRidge:
    """The function through values at points.

    Args:
        points: float64 (n, d); a coordinate in which all are alike has its own unit.
        values: float64 (n, columns), each taken to hold noise of ``NOISE`` of its variance.
    """
    centre, spread = points.mean(0), points.std(0, correction=0)
    scale = torch.where(spread > 0, spread, 1.0)
    standard = (points - centre) / scale
    # The mean square distance of two standardised points is twice the number of coordinates that vary.
    square_length = 2.0 * max(1, int((spread > 0).sum()))
    within = _kernel(standard, standard, square_length)
    factor = torch.linalg.cholesky(within + NOISE * torch.eye(len(points), dtype=torch.float64))
    mean = values.mean(0)
    weights = torch.cholesky_solve(values - mean, factor)
    return KernelRidge(centre, scale, standard, square_length, weights, mean)


def held_out(points: Tensor, values: Tensor) -> Tensor:
    """The values (n, columns) that are predicted for each point without it and its fold.

    The folds are fixed: row i belongs to fold i modulo ``FOLDS``.

    Raises:
        InvalidInput: fewer points than folds.
    """
    if len(points) < FOLDS:
        raise InvalidInput(f"a fit must have at least {FOLDS} networks to be tried on, got {len(points)}")
    fold, found = torch.arange(len(points)) % FOLDS, torch.empty_like(values)
    for number in range(FOLDS):
        left_out = fold == number
        found[left_out] = fit(points[~left_out], values[~left_out]).predict(points[left_out])
    return found


def kendall_tau(first: Tensor, second: Tensor) -> float:
    """Kendall's tau-b of two columns (n,), in [-1, 1]; 0 where all values of one are equal."""
    from scipy.stats import kendalltau

    tau = float(kendalltau(first.numpy(), second.numpy()).statistic)
    return 0.0 if tau != tau else tau


def _kernel(first: Tensor, second: Tensor, square_length: float) -> Tensor:
    # Not by products of matrices: a network's answer must not depend on how many are asked for at once.
    distance = torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")
    return (distance.square() / (-2 * square_length)).exp()
