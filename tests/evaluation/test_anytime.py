from fractions import Fraction
from functools import cache
from math import comb
from time import perf_counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.anytime import Prior, interval_of_count
from rcnas_zoo.spec.errors import InvalidInput

COUNTS = st.integers(0, 5000).flatmap(
    lambda total: st.integers(0, total).flatmap(
        lambda drawn: st.tuples(st.integers(0, drawn), st.just(drawn), st.just(total))
    )
)
PRIORS = st.builds(Prior, st.floats(0.1, 50), st.floats(0.1, 50))
interval = cache(interval_of_count)


def beta_binomial(count: int, total: int, a: int, b: int) -> Fraction:
    """The chance of a count, with whole shapes, from its definition by factorials."""

    def beta(x: int, y: int) -> Fraction:
        return Fraction(x + y, x * y * comb(x + y, x))

    return comb(total, count) * beta(count + a, total - count + b) / beta(a, b)


def by_definition(broken, drawn, total, error, a, b):
    """All counts with prior / posterior at most 1 / error, in exact fractions."""
    held = []
    for count in range(broken, total - (drawn - broken) + 1):
        prior = beta_binomial(count, total, a, b)
        posterior = beta_binomial(count - broken, total - drawn, a + broken, b + drawn - broken)
        if prior * error <= posterior:  # rounding may not exclude a count on the very edge
            held.append(count)
    return held


@pytest.mark.parametrize("total", [1, 2, 7, 18])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 10), (3, 2)])
@pytest.mark.parametrize("error", [Fraction(1, 20), Fraction(1, 3)])
def test_it_holds_the_counts_of_the_definition(total, a, b, error):
    for drawn in range(total + 1):
        for broken in range(drawn + 1):
            held = by_definition(broken, drawn, total, error, a, b)
            low, high = interval_of_count(broken, drawn, total, float(error), Prior(a, b))
            assert held == list(range(low, high + 1))


def chance_never_to_miss(count: int, total: int) -> float:
    """The exact chance that the interval holds the count after every single draw: worse than any way of stopping."""
    alive = {0: 1.0}
    for drawn in range(total):
        reached: dict[int, float] = {}
        for broken, chance in alive.items():
            odds = (count - broken) / (total - drawn)
            for more, share in ((1, odds), (0, 1 - odds)):
                low, high = interval(broken + more, drawn + 1, total)
                if share > 0 and low <= count <= high:
                    reached[broken + more] = reached.get(broken + more, 0.0) + chance * share
        alive = reached
    return sum(alive.values())


def test_all_moments_together_hold_every_count_with_the_confidence():
    chances = [chance_never_to_miss(count, 60) for count in range(61)]
    assert min(chances) >= 0.95
    assert min(chances) < 0.99  # the test would notice an interval that is far too wide


def test_simulated_runs_stopped_at_the_worst_moment_hold_the_truth():
    source, missed, runs = torch.Generator().manual_seed(0), 0, 400
    for _ in range(runs):
        verdicts = torch.randperm(120, generator=source) < 12
        found = verdicts.long().cumsum(0).tolist()
        ends = (interval(broken, drawn, 120) for drawn, broken in enumerate(found, 1))
        missed += any(not low <= 12 <= high for low, high in ends)
    assert 0 < missed <= 0.05 * runs


@given(COUNTS, PRIORS, st.floats(0.001, 0.5))
def test_it_stays_inside_what_is_possible_and_holds_the_likeliest(counts, prior, error):
    broken, drawn, total = counts
    low, high = interval_of_count(*counts, error, prior)
    assert broken <= low <= high <= total - (drawn - broken)
    if drawn:
        assert low <= broken * (total + 1) / drawn
        assert high >= broken * (total + 1) // drawn or high == total - (drawn - broken)


@given(COUNTS, PRIORS)
def test_a_smaller_error_never_narrows_it(counts, prior):
    low, high = interval_of_count(*counts, 0.05, prior)
    wide_low, wide_high = interval_of_count(*counts, 0.01, prior)
    assert wide_low <= low <= high <= wide_high


@given(COUNTS.filter(lambda counts: counts[0] < counts[1]))
def test_another_broken_image_never_lowers_it(counts):
    broken, drawn, total = counts
    low, high = interval_of_count(broken, drawn, total)
    more_low, more_high = interval_of_count(broken + 1, drawn, total)
    assert low <= more_low
    assert high <= more_high


@given(COUNTS, PRIORS)
def test_right_images_mirror_broken_ones(counts, prior):
    broken, drawn, total = counts
    low, high = interval_of_count(broken, drawn, total, prior=prior)
    assert interval_of_count(drawn - broken, drawn, total, prior=Prior(prior.right, prior.broken)) == (
        total - high,
        total - low,
    )


@given(st.integers(0, 1000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_nothing_drawn_says_nothing_and_everything_drawn_says_all(counts):
    broken, total = counts
    assert interval_of_count(0, 0, total) == (0, total)
    assert interval_of_count(broken, total, total) == (broken, broken)


def test_a_million_images_take_no_time():
    started = perf_counter()
    low, high = interval_of_count(30_000, 300_000, 1_000_000)
    assert perf_counter() - started < 0.1
    assert 98_000 < low < 100_000 < high < 102_000


@pytest.mark.parametrize(
    ("counts", "error", "prior"),
    [((-1, 2, 3), 0.05, Prior()), ((3, 2, 3), 0.05, Prior()), ((1, 4, 3), 0.05, Prior())]
    + [((1, 2, 3), error, Prior()) for error in (0.0, 1.0, float("nan"))]
    + [((1, 2, 3), 0.05, Prior(0, 1)), ((1, 2, 3), 0.05, Prior(1, float("nan")))],
)
def test_the_impossible_is_refused(counts, error, prior):
    with pytest.raises(InvalidInput, match=r"must be .*, got"):
        interval_of_count(*counts, error, prior)
