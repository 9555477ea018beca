from dataclasses import replace
from itertools import combinations
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_rel

from rcnas_zoo.baselines.statistics import SeedTest, estimate, holm, seed_test
from rcnas_zoo.evaluation.intervals import wilson

accuracies = st.floats(0, 1)


def test_a_single_seed_has_the_interval_of_its_images_and_no_spread():
    found = estimate([0.5], 360)
    assert (found.mean, found.std, found.interval) == (0.5, None, wilson(180, 360))


def test_seeds_and_images_both_widen_the_interval():
    found = estimate([0.5, 0.6, 0.7], 100)
    trained, (low, high) = t.ppf(0.975, 2) * 0.1 / sqrt(3), wilson(60, 100)
    below, above = sqrt(trained**2 + (0.6 - low) ** 2), sqrt(trained**2 + (high - 0.6) ** 2)
    assert found.mean == pytest.approx(0.6)
    assert found.std == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.6 - below, 0.6 + above))
    assert estimate([0.6, 0.6, 0.6], 100).interval == pytest.approx(wilson(60, 100))


def test_few_images_that_all_break_prove_no_zero():
    assert estimate([0.0, 0.0, 0.0], 16).interval == pytest.approx(wilson(0, 16))
    assert estimate([1.0, 1.0], 16).interval == pytest.approx(wilson(16, 16))


@given(st.lists(accuracies, min_size=1, max_size=8), st.integers(1, 10_000))
def test_an_interval_holds_its_mean_and_stays_a_share(values, images):
    low, high = estimate(values, images).interval
    mean = sum(values) / len(values)
    assert 0 <= low <= high <= 1
    assert low - 1 / images <= mean <= high + 1 / images


@given(st.lists(st.tuples(accuracies, accuracies), min_size=2, max_size=8))
def test_the_test_is_that_of_scipy(pairs):
    found = seed_test("a", "b", "robust", pairs)
    firsts, seconds = zip(*pairs, strict=True)
    differences = {first - second for first, second in pairs}
    if max(differences) - min(differences) > 1e-9:
        theirs = ttest_rel(firsts, seconds)
        interval = theirs.confidence_interval()
        assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
        assert found.interval == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


def test_differences_that_do_not_vary_are_no_test():
    for pairs in ([(0.5, 0.25)], [(0.5, 0.5), (0.6, 0.6)], [(0.3, 0.2), (0.5, 0.4), (0.7, 0.6)]):
        found = seed_test("a", "b", "clean", pairs)
        assert found.effect == pytest.approx(pairs[0][0] - pairs[0][1])
        assert (found.seeds, found.interval, found.p_value) == (len(pairs), None, None)


@given(st.lists(st.none() | st.floats(0, 1), max_size=8))
def test_p_values_together_are_those_of_the_closed_test(values):
    """Holm's procedure rejects what the closed test of Bonferroni's rejects: every set of tests that holds it must."""
    tests = [SeedTest("a", "b", "clean", 3, 0.1, None, value) for value in values]
    adjusted = holm(tests)
    assert [replace(test, adjusted=None) for test in adjusted] == tests
    known = [value for value in values if value is not None]
    for test in adjusted:
        if test.p_value is None:
            assert test.adjusted is None
            continue
        others = list(known)
        others.remove(test.p_value)
        sets = [(test.p_value, *more) for size in range(len(others) + 1) for more in combinations(others, size)]
        assert test.adjusted == pytest.approx(max(min(1.0, len(each) * min(each)) for each in sets))
