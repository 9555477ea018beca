"""Bayesian linear regression over many tasks: weights that all share, and each task's own deviations from them."""

from dataclasses import dataclass, replace
from math import log, pi

import torch
from torch import Tensor

_SHARED = 1.0
_OFFSET = 0.25
_DEVIATIONS = (0.01, 0.02, 0.04, 0.08, 0.16)
_NOISES = (0.01, 0.02, 0.04, 0.08, 0.16)


@dataclass(frozen=True, eq=False)
class Belief:
    """A Gaussian belief about the weights of one task.

    Attributes:
        mean: float64 (p,).
        covariance: float64 (p, p).
        noise: standard deviation of what is observed.
    """

    mean: Tensor
    covariance: Tensor
    noise: float

    def predict(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (n,), without the noise, of what rows (n, p) of the design are worth."""
        spread = ((rows @ self.covariance) * rows).sum(1).clamp_min(0).sqrt()
        return rows @ self.mean, spread

    def update(self, row: Tensor, value: float) -> "Belief":
        """The belief after one observation: a step of the Kalman filter."""
        gain = self.covariance @ row
        total = float(row @ gain) + self.noise**2
        mean = self.mean + gain * ((value - float(row @ self.mean)) / total)
        return replace(self, mean=mean, covariance=self.covariance - torch.outer(gain, gain) / total)


def fit(rows: Tensor, values: Tensor, task: Tensor) -> Belief:
    """What to believe about a new task, from the evaluations of others.

    The weights of a task are the shared ones plus deviations of its own, alike and independent but for the offset,
    which may deviate further. Their spread and the noise are those of a grid under which the evaluations are likeliest.

    Args:
        rows: the design, float64 (M, p), its first column 1.
        values: float64 (M,).
        task: int64 (M,), which task each evaluation belongs to.
    """
    groups = [(rows[task == number], values[task == number]) for number in sorted(set(task.tolist()))]
    found = [_posterior(groups, deviation, noise) for deviation in _DEVIATIONS for noise in _NOISES]
    return max(found, key=lambda pair: pair[0])[1]


def _posterior(groups: list[tuple[Tensor, Tensor]], deviation: float, noise: float) -> tuple[float, Belief]:
    """Log-evidence of the evaluations, and the belief about a new task's weights."""
    size = groups[0][0].shape[1]
    private = torch.full((size,), deviation**2, dtype=torch.float64)
    private[0] = _OFFSET**2
    precision = torch.eye(size, dtype=torch.float64) / _SHARED**2
    shift = torch.zeros(size, dtype=torch.float64)
    evidence = -size * log(_SHARED)
    for rows, values in groups:
        within = (rows * private) @ rows.T + noise**2 * torch.eye(len(rows), dtype=torch.float64)
        factor = torch.linalg.cholesky(within)
        solved = torch.cholesky_solve(torch.cat([rows, values[:, None]], 1), factor)
        precision += rows.T @ solved[:, :-1]
        shift += rows.T @ solved[:, -1]
        evidence -= float(factor.diagonal().log().sum()) + 0.5 * float(values @ solved[:, -1])
        evidence -= 0.5 * len(rows) * log(2 * pi)
    factor = torch.linalg.cholesky(precision)
    mean = torch.cholesky_solve(shift[:, None], factor)[:, 0]
    evidence += 0.5 * float(shift @ mean) - float(factor.diagonal().log().sum())
    covariance = torch.cholesky_inverse(factor) + private.diag()
    return evidence, Belief(mean, covariance, noise)
