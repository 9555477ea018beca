"""Is one method better than another on tasks such as these? The unit is the task, not the search."""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

RESAMPLES = 10_000
SAME = 1e-12
DECIMALS = 12
"""To which differences of one size are equal."""
MOST_TURNED = 13
"""Tasks up to which every combination of signs is tried where differences are of one size."""


@dataclass(frozen=True)
class PairedTest:
    """Method a against method b, by a metric of which less is better.

    Attributes:
        a, b, metric: what was compared.
        tasks: their number.
        effect: mean over the tasks of a's mean less b's, over the same seeds; below 0 where a is better.
        interval: 95 % of that mean, by a bootstrap over the tasks.
        p_value: of Wilcoxon's signed-rank test over the tasks, two-sided.
        sign_p_value: of the sign test, two-sided.
        wins, losses: tasks on which a is better, and worse; on the others they are equal.
    """

    a: str
    b: str
    metric: str
    tasks: int
    effect: float
    interval: tuple[float, float]
    p_value: float
    sign_p_value: float
    wins: int
    losses: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {**asdict(self), "interval": list(self.interval)}


def paired_test(a: str, b: str, metric: str, differences: Tensor) -> PairedTest:
    """The tests of differences (tasks,), float64, a's mean over the seeds less b's.

    Equal tasks are left out of both tests, as Wilcoxon and Dixon have it; if all are equal, both p-values are 1.
    """
    apart = differences[differences.abs() > SAME]
    wins = int((apart < 0).sum())
    return PairedTest(
        *(a, b, metric, len(differences), float(differences.mean()), bootstrap_interval(differences)),
        p_value=_wilcoxon(apart),
        sign_p_value=_sign(wins, len(apart)),
        wins=wins,
        losses=len(apart) - wins,
    )


def bootstrap_interval(values: Tensor, seed: int = 0) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean of values (n,) drawn again with replacement."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randint(len(values), (RESAMPLES, len(values)), generator=generator)
    ends = values[chosen].mean(1).quantile(torch.tensor([0.025, 0.975], dtype=values.dtype))
    return float(ends[0]), float(ends[1])


def _wilcoxon(apart: Tensor) -> float:
    """Exact where no two differences are of one size and there are at most 50, or few enough to turn all signs.

    Else the normal approximation, which is too bold for few tasks with ties: 0.025 for five of one size, where 0.063 is
    right.
    """
    from scipy.stats import PermutationMethod, wilcoxon

    if not len(apart):
        return 1.0
    values = apart.numpy().round(DECIMALS)
    if len(values) <= 50 and len(set(abs(values))) == len(values):
        return float(wilcoxon(values, method="exact").pvalue)
    if len(values) <= MOST_TURNED:
        return float(wilcoxon(values, method=PermutationMethod(n_resamples=2**MOST_TURNED)).pvalue)
    return float(wilcoxon(values, method="approx").pvalue)


def _sign(wins: int, trials: int) -> float:
    from scipy.stats import binomtest

    return float(binomtest(wins, trials).pvalue) if trials else 1.0
