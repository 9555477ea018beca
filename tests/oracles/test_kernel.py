"""The regression against the same thing written out with numpy, network by network."""

from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from rcnas_zoo.oracles.kernel import FOLDS, NOISE, fit, held_out, kendall_tau
from rcnas_zoo.spec.errors import InvalidInput


def cloud(rows: int = 24, seed: int = 0):
    """Points in three coordinates, the last of them constant, and two columns of values."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(rows, 3, generator=generator, dtype=torch.float64) * torch.tensor([1.0, 5.0, 0.0]) + 2
    noise = 0.1 * torch.randn(rows, generator=generator, dtype=torch.float64)
    return points, torch.stack([points[:, 0] * points[:, 1] + noise, points[:, 0].sin()], 1)


def plain(points, values, wanted):
    """The prediction for ``wanted``: sums over points in plain Python, the equations solved by least squares."""
    points, values, wanted = (tensor.tolist() for tensor in (points, values, wanted))
    columns = list(zip(*points, strict=True))
    centre = [sum(column) / len(column) for column in columns]
    spread = [
        (sum((x - m) ** 2 for x in column) / len(column)) ** 0.5 for column, m in zip(columns, centre, strict=True)
    ]
    varying = sum(s > 0 for s in spread)

    def kernel(a, b):
        steps = [(x - y) / (s or 1) for x, y, s in zip(a, b, spread, strict=True)]
        return exp(-sum(step * step for step in steps) / (4 * varying))

    within = np.array([[kernel(a, b) + NOISE * (i == j) for j, b in enumerate(points)] for i, a in enumerate(points)])
    mean = np.mean(values, axis=0)
    weights = np.linalg.lstsq(within, np.array(values) - mean, rcond=None)[0]
    return np.array([[kernel(a, b) for b in points] for a in wanted]) @ weights + mean


def test_a_prediction_is_that_of_plain_least_squares():
    points, values = cloud()
    elsewhere = cloud(seed=1)[0] + torch.tensor([0.0, 0.0, 1.0])
    found = fit(points, values).predict(elsewhere)
    assert found.shape == (24, 2)
    assert found.numpy() == pytest.approx(plain(points, values, elsewhere), abs=1e-10)


def test_what_is_held_out_had_no_part_in_its_own_prediction():
    points, values = cloud()
    found = held_out(points, values)
    for number in range(FOLDS):
        left = [row for row in range(24) if row % FOLDS == number]
        kept = [row for row in range(24) if row % FOLDS != number]
        assert found[left].numpy() == pytest.approx(plain(points[kept], values[kept], points[left]), abs=1e-10)


def test_the_predictions_of_many_are_those_of_each_alone():
    points, values = cloud()
    model = fit(points, values)
    alone = torch.cat([model.predict(point[None]) for point in points])
    assert torch.allclose(model.predict(points), alone, rtol=0, atol=1e-12)


def test_values_that_are_all_alike_are_predicted_everywhere():
    points, _ = cloud()
    same = torch.full((24, 1), 0.25, dtype=torch.float64)
    assert torch.equal(fit(points, same).predict(points + 7), same)
    one = torch.ones(3, 2, dtype=torch.float64)
    assert torch.allclose(
        fit(one, torch.arange(3.0, dtype=torch.float64)[:, None]).predict(one[:1]), torch.ones(1, 1).double()
    )


def test_fewer_points_than_folds_are_refused():
    points, values = cloud(rows=FOLDS - 1)
    with pytest.raises(InvalidInput, match="must have at least 10 networks to be tried on, got 9"):
        held_out(points, values)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=12))
def test_tau_counts_pairs_and_knows_ties(pairs):
    first, second = (torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True))
    signs = [(column[:, None] - column).sign() for column in (first, second)]
    norms = [float(sign.abs().sum()) for sign in signs]
    expected = float((signs[0] * signs[1]).sum()) / (norms[0] * norms[1]) ** 0.5 if all(norms) else 0.0
    assert kendall_tau(first, second) == pytest.approx(expected)
    if all(norms):
        assert kendall_tau(first, second) == kendalltau(first.numpy(), second.numpy()).statistic
