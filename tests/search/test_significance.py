from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.search.significance import bootstrap_interval, paired_test

NUMBERS = st.lists(st.integers(-40, 40).filter(bool), min_size=1, max_size=8, unique_by=abs)


def result_of(differences):
    return paired_test("a", "b", "simple_regret", torch.tensor(differences, dtype=torch.float64))


def signed_rank_p(differences):
    """By listing every pattern of signs (Wilcoxon 1945)."""
    ranks = {value: place for place, value in enumerate(sorted(map(abs, differences)), start=1)}
    whole = sum(ranks.values())
    least = min(sum(ranks[abs(d)] for d in differences if d < 0), sum(ranks[abs(d)] for d in differences if d > 0))
    patterns = list(product([0, 1], repeat=len(ranks)))
    sums = [sum(rank for rank, sign in zip(ranks.values(), pattern, strict=True) if sign) for pattern in patterns]
    return min(1.0, sum(min(total, whole - total) <= least for total in sums) / len(patterns))


@given(NUMBERS)
def test_the_p_value_is_that_of_all_patterns_of_signs(differences):
    assert result_of(differences).p_value == pytest.approx(signed_rank_p(differences))


def test_the_sign_test_worked_out_by_hand():
    found = result_of([-1, -2, -3, -4, -5, 6])
    assert (found.wins, found.losses) == (5, 1)
    assert found.sign_p_value == pytest.approx(2 * (1 + 6) / 2**6)
    assert found.effect == pytest.approx(-1.5)


def test_equal_tasks_are_left_out_of_both_tests():
    with_equal, without = result_of([0.0, 0.0, 1.0, 2.0, -4.0]), result_of([1.0, 2.0, -4.0])
    assert (with_equal.p_value, with_equal.sign_p_value) == (without.p_value, without.sign_p_value)
    assert (with_equal.tasks, with_equal.wins, with_equal.losses) == (5, 1, 2)
    assert with_equal.effect == pytest.approx(-0.2)


def test_all_equal_shows_nothing():
    found = result_of([0.0] * 4)
    assert (found.p_value, found.sign_p_value, found.interval) == (1.0, 1.0, (0.0, 0.0))


def test_ties_of_size_are_no_error():
    assert 0 < result_of([1.0, 1.0, -1.0, 2.0, 2.0, 2.0] * 3).p_value < 1


def test_the_interval_is_near_that_of_the_normal_distribution():
    values = torch.randn(400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    low, high = bootstrap_interval(values)
    half = 1.96 * float(values.std()) / 20
    assert (low, high) == pytest.approx((float(values.mean()) - half, float(values.mean()) + half), abs=0.01)
    assert bootstrap_interval(values) == (low, high)


@pytest.mark.parametrize(
    ("differences", "p"), [([1.0] * 5, 2 / 32), ([-1.0] * 4, 2 / 16), ([1.0] * 5 + [-1.0], 14 / 64)]
)
def test_few_tasks_with_ties_get_the_share_of_all_patterns_of_signs(differences, p):
    # The normal approximation has 0.025 for the first.
    assert result_of(differences).p_value == pytest.approx(p)
    nearly = [value + 1e-14 * number for number, value in enumerate(differences)]
    assert result_of(nearly).p_value == pytest.approx(p)
