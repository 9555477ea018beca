import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.spec.errors import InvalidInput

COUNTS = st.integers(1, 20_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
CONFIDENCES = st.floats(0.01, 0.999)


@given(COUNTS, CONFIDENCES)
def test_it_agrees_with_scipy(counts, confidence):
    expected = binomtest(*counts).proportion_ci(confidence, method="wilson")
    assert wilson(*counts, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(COUNTS, CONFIDENCES)
def test_it_holds_the_share_and_stays_in_the_unit_interval(counts, confidence):
    low, high = wilson(*counts, confidence)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1
    assert low < high


@given(COUNTS, CONFIDENCES)
def test_failures_mirror_successes(counts, confidence):
    successes, trials = counts
    low, high = wilson(successes, trials, confidence)
    assert wilson(trials - successes, trials, confidence) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@given(COUNTS)
def test_more_confidence_and_fewer_trials_widen_it(counts):
    successes, trials = counts
    low, high = wilson(successes, trials)
    wider = wilson(successes, trials, 0.99)
    narrower = wilson(10 * successes, 10 * trials)
    assert wider[1] - wider[0] > high - low > narrower[1] - narrower[0]


def test_an_untried_end_is_exact():
    assert wilson(0, 7)[0] == 0.0
    assert wilson(7, 7)[1] == 1.0


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"), [(0, 0, 0.95), (-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0)]
)
def test_impossible_counts_are_refused(successes, trials, confidence):
    with pytest.raises(InvalidInput, match=f"trials >= 1 .*, got {successes}, {trials} and {confidence}"):
        wilson(successes, trials, confidence)
