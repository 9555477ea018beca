from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.evaluation.contradictions import contradictions, radius_contradictions

SHARES = st.integers(0, 10_000).map(lambda count: count / 10_000)


def test_a_row_of_attacks_and_accuracies_is_judged_without_tolerance():
    row = {"clean": 0.9, "pgd-20": 0.5, "cw-40": 0.5001, "autoattack": 0.5001}
    assert list(contradictions(row)) == ["autoattack-above-pgd-20: 0.5001 under autoattack, 0.5000 under pgd-20"]
    assert list(contradictions({**row, "autoattack": 0.5})) == []


@pytest.mark.parametrize("row", [{}, {"pgd-20": 0.1}, {"autoattack": 1.0}, {"autoattack": 0.6, "a3": 0.5}])
def test_what_cannot_be_compared_is_not(row):
    assert list(contradictions(row)) == []


@given(st.dictionaries(st.sampled_from(["clean", "pgd-20", "cw-40", "autoattack", "a3", "a3-search"]), SHARES))
def test_a_flag_for_each_weaker_attack_below_autoattack_and_no_other(row):
    weaker = [name for name in row if name in ("clean", "pgd-20", "cw-40") and row[name] < row.get("autoattack", 0)]
    assert [flag.partition(":")[0] for flag in contradictions(row)] == [f"autoattack-above-{name}" for name in weaker]


@given(st.dictionaries(st.fractions(Fraction(1, 255), 1, max_denominator=255), SHARES, max_size=5))
def test_accuracies_that_never_rise_with_the_radius_are_consistent_and_no_others(row):
    falling = [row[radius] for radius in sorted(row)]
    flags = list(radius_contradictions("pgd-20", row))
    assert (flags == []) == (falling == sorted(falling, reverse=True))


def test_the_flag_names_both_radii():
    found = radius_contradictions("pgd-20", {Fraction(2, 5): 0.4, Fraction(1, 5): 0.3})
    assert list(found) == ["wider-is-weaker: 0.3000 under pgd-20 at the radius 1/5, 0.4000 at 2/5"]
