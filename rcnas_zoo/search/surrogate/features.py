"""What the surrogate sees of a network and of a task's severity."""

from functools import lru_cache
from itertools import combinations
from math import log2

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec


@lru_cache(maxsize=1 << 16)
def network_features(spec: ResidualSpec) -> tuple[float, ...]:
    """One number for each property of the stages, squares and products, and the cost.

    For each stage: log2 width, log2 depth, stride bit, robust bit, squared log2 width, and the products of log2 width
    with log2 depth and with the robust bit; for each pair of stages the product of the stride bits and that of log2
    widths; for the whole: log2 of MACs and parameters, and their squares.
    """
    rows = [_stage(stage) for stage in spec.stages]
    singles = [value for w, d, s, r in rows for value in (w, d, s, r, w * w, w * d, w * r)]
    pairs = [value for a, b in combinations(rows, 2) for value in (a[0] * b[0], a[2] * b[2])]
    price = cost(spec)
    macs, parameters = log2(price.macs) - 20, log2(price.parameters) - 17
    return (*singles, *pairs, macs, parameters, macs * macs, parameters * parameters)


def design(features: Tensor, severity: Tensor) -> Tensor:
    """The rows of the linear model: 1, the severity, the standardised features, and their products with the severity.

    Args:
        features: (n, f), standardised.
        severity: (n,), centred.

    Returns:
        (n, 2 + 2 f).
    """
    ones = torch.ones(len(features), 1, dtype=features.dtype)
    return torch.cat([ones, severity[:, None], features, features * severity[:, None]], dim=1)


def _stage(stage: StageSpec) -> tuple[float, float, float, float]:
    return log2(stage.width / 16), log2(stage.depth), float(stage.stride == 2), float(stage.block == "robust")
