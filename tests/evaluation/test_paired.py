from math import sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.evaluation.paired import compare_verdicts, mcnemar, newcombe
from rcnas_zoo.spec.errors import InvalidInput

COUNT = st.integers(0, 300)
TABLES = st.tuples(COUNT, COUNT, COUNT, COUNT).filter(any)
VERDICTS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=50)


# Complete response before and after therapy (Cavo et al. 2012) and airway hyper-responsiveness (Bentur et al. 2009), as
# worked out in Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables, chapter 8; and a table of
# Newcombe 1998 in which nobody is wrong twice.
@pytest.mark.parametrize(
    ("table", "low", "high", "places"),
    [
        ((59, 6, 16, 80), -0.1186, -0.0046, 4),
        ((1, 1, 7, 12), -0.507, -0.026, 3),
        ((36, 12, 2, 0), 0.0569, 0.3404, 4),
    ],
)
def test_published_intervals_come_out(table, low, high, places):
    assert newcombe(*table) == pytest.approx((low, high), abs=0.51 * 10**-places)


def test_a_published_p_value_comes_out():
    assert mcnemar(6, 16) == pytest.approx(0.052479, abs=5e-7)


@given(COUNT, COUNT)
def test_the_test_is_the_binomial_one(only_a, only_b):
    expected = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_a_tail_of_many_images_is_exact():
    assert mcnemar(0, 1000) == 2.0**-999
    assert mcnemar(4900, 5100) == pytest.approx(binomtest(4900, 10_000).pvalue, rel=1e-9)


@given(TABLES)
def test_the_interval_holds_the_difference_and_mirrors_with_the_networks(table):
    both, only_a, only_b, neither = table
    low, high = newcombe(*table)
    assert -1 <= low <= (only_a - only_b) / sum(table) <= high <= 1
    assert low < high
    assert newcombe(both, only_b, only_a, neither) == pytest.approx((-high, -low), abs=1e-12)
    assert newcombe(neither, only_a, only_b, both) == pytest.approx((low, high), abs=1e-12)


@given(TABLES)
def test_more_confidence_widens_it(table):
    low, high = newcombe(*table)
    wide_low, wide_high = newcombe(*table, confidence=0.99)
    assert wide_low <= low
    assert wide_high >= high


def test_without_correlation_the_distances_are_added_as_squares():
    # Products of the counts are equal, so the verdicts do not depend on one another.
    low, high = newcombe(20, 20, 30, 30)
    (low_a, high_a), (low_b, high_b) = wilson(40, 100), wilson(50, 100)
    assert low == pytest.approx(-0.1 - sqrt((0.4 - low_a) ** 2 + (high_b - 0.5) ** 2))
    assert high == pytest.approx(-0.1 + sqrt((high_a - 0.4) ** 2 + (0.5 - low_b) ** 2))


def test_many_images_give_the_interval_of_the_standard_error():
    table = (6000, 500, 300, 3200)
    error = sqrt(800 - 200**2 / 10_000) / 10_000
    assert newcombe(*table) == pytest.approx((0.02 - 1.96 * error, 0.02 + 1.96 * error), abs=2e-4)


@pytest.mark.parametrize("table", [(5, 0, 0, 3), (8, 0, 0, 0), (0, 0, 0, 8)])
def test_networks_that_never_differ_keep_a_width_and_show_nothing(table):
    low, high = newcombe(*table)
    assert low < 0 < high
    assert mcnemar(0, 0) == 1.0


@given(VERDICTS)
def test_the_counts_are_those_of_a_plain_loop(pairs):
    a, b = torch.tensor(pairs).T
    found = compare_verdicts(a, b)
    table = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True), (False, False))]
    assert [found.both, found.only_a, found.only_b, found.neither] == table
    assert found.won.tolist() == [place for place, pair in enumerate(pairs) if pair == (True, False)]
    assert found.lost.tolist() == [place for place, pair in enumerate(pairs) if pair == (False, True)]
    assert found.difference == pytest.approx((sum(a.tolist()) - sum(b.tolist())) / len(pairs))
    assert found.interval == newcombe(*table)
    assert found.p_value == mcnemar(table[1], table[2])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.ones(3, dtype=torch.bool), torch.ones(4, dtype=torch.bool)),
        (torch.ones(3), torch.ones(3)),
        (torch.ones(3, 1, dtype=torch.bool), torch.ones(3, 1, dtype=torch.bool)),
        (torch.ones(0, dtype=torch.bool), torch.ones(0, dtype=torch.bool)),
    ],
)
def test_verdicts_that_do_not_fit_are_refused(a, b):
    with pytest.raises(InvalidInput, match=r"must be bool \(N,\) on the same N >= 1 images, got torch"):
        compare_verdicts(a, b)


@pytest.mark.parametrize("table", [(-1, 2, 3, 4), (0, 0, 0, 0)])
def test_impossible_tables_are_refused(table):
    with pytest.raises(InvalidInput, match=r"at least 0|trials >= 1"):
        newcombe(*table)


def test_a_negative_count_has_no_p_value():
    with pytest.raises(InvalidInput, match="at least 0, got 1 and -1"):
        mcnemar(1, -1)
