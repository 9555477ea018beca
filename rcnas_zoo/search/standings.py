"""What a contest comes to: a standing of each method, and tests of one against the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.search.contest import Played
from rcnas_zoo.search.significance import PairedTest, paired_test

LEADER = "rc-nas"
METRICS = ("simple_regret", "queries_to_95")


@dataclass(frozen=True)
class Standing:
    """A method over some tasks.

    Attributes:
        regret, regret_std: mean and standard deviation of the final simple regret over all searches.
        regret_error: standard error of the mean, of which the unit is the task: seeds tell nothing of other tasks.
        median_to_95, mean_to_95: of the queries until the 95th percentile; a search that never got there counts as one
            more than its queries.
        hit_rate: share of the searches that got there.
    """

    regret: float
    regret_std: float
    regret_error: float
    median_to_95: float
    mean_to_95: float
    hit_rate: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        regret = {"mean": self.regret, "std": self.regret_std, "standard_error": self.regret_error}
        queries = {"median": self.median_to_95, "mean": self.mean_to_95, "hit_rate": self.hit_rate}
        return {"simple_regret": regret, "queries_to_95": queries}


@dataclass(frozen=True)
class Curve:
    """Mean simple regret after each query, over the tasks, and the ends of its 95 % band.

    The band is 1.96 standard errors to either side; the unit is the task.
    """

    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"mean": list(self.mean), "low": list(self.low), "high": list(self.high)}


def standing(played: Played) -> Standing:
    """The standing of a method that searched at least one task."""
    final, queries = played.final, played.to_95.double()
    by_task = final.mean(1)
    return Standing(
        regret=float(final.mean()),
        regret_std=float(final.std(correction=0)),
        regret_error=float(_spread(by_task)) / len(by_task) ** 0.5,
        median_to_95=float(queries.quantile(0.5)),
        mean_to_95=float(queries.mean()),
        hit_rate=float((played.to_95 <= played.queries).double().mean()),
    )


def mean_curve(played: Played) -> Curve:
    """The curve of a method that searched at least one task."""
    by_task = played.regrets.mean(1)
    mean = by_task.mean(0)
    half = 1.96 * _spread(by_task) / len(by_task) ** 0.5
    return Curve(*(tuple(line.tolist()) for line in (mean, mean - half, mean + half)))


def paired_tests(played: Mapping[str, Played]) -> list[PairedTest]:
    """The leader, ``rc-nas`` or else the first method, against every other, by both metrics."""
    return list(_tests(played))


def _tests(played: Mapping[str, Played]) -> Iterator[PairedTest]:
    if not played:
        return
    leader = LEADER if LEADER in played else next(iter(played))
    for rival in played:
        if rival != leader:
            for metric in METRICS:
                a, b = (_values(played[name], metric) for name in (leader, rival))
                yield paired_test(leader, rival, metric, (a - b).mean(1))


def _values(played: Played, metric: str) -> Tensor:
    return played.final if metric == "simple_regret" else played.to_95.double()


def _spread(values: Tensor) -> Tensor:
    """The standard deviation over the tasks (tasks, ...), 0 of a single one."""
    return values.std(0) if len(values) > 1 else torch.zeros_like(values[0])
