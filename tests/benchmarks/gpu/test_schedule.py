"""The arithmetic of a plan, by closed forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.gpu.schedule import Time, epochs_in
from rcnas_zoo.spec.errors import InvalidInput


def test_a_plan_by_hand():
    # Three slices of 500 s begin with 50 s each; a tenth of the other 1,050 s is spare.
    time = Time(1200, 500, 50, 0.1)
    assert time.slices == 3
    assert time.training_seconds == pytest.approx(945)
    # 945 s * 1,000 images/s are 18.9 epochs of 50,000 images.
    assert epochs_in(time, 50_000, 1000) == 18
    # 18 epochs: 900 s, and a ninth more that is spare, in three slices that have 450 s for it.
    assert time.needed(18, 50_000, 1000) == pytest.approx(1000 + 3 * 50)


@given(
    seconds=st.floats(60, 1e5),
    length=st.floats(100, 1000),
    start=st.floats(0, 99),
    spare=st.floats(0, 0.5),
    rate=st.floats(10, 1e5),
)
def test_what_is_planned_fits_and_one_more_does_not(seconds, length, start, spare, rate):
    time, images = Time(seconds, length, start, spare), 5000
    epochs = time.epochs(images, rate)
    assert epochs * images / rate <= time.training_seconds * (1 + 1e-9)
    assert (epochs + 1) * images / rate > time.training_seconds * (1 - 1e-9)
    if epochs:
        assert time.needed(epochs, images, rate) <= seconds * (1 + 1e-9)


def test_less_than_an_epoch_is_refused_with_what_it_would_take():
    with pytest.raises(InvalidInput, match=r"one epoch, which takes 1.67 minutes, got 0.5; raise --total-minutes"):
        epochs_in(Time(30, 600, 0, 0.0), 1000, 10)


@pytest.mark.parametrize(("length", "spare"), [(10, 0.1), (9, 0.1), (100, 1.0), (100, -0.1)])
def test_impossible_times_are_refused(length, spare):
    with pytest.raises(InvalidInput, match="must be"):
        Time(100, length, 10, spare)
