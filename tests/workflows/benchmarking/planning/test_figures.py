import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.workflows.benchmarking.planning.figures import Line

SECONDS = st.floats(0, 1e6)


def test_a_line_goes_through_what_was_measured():
    line = Line.through(8, 1.4, 128, 7.4)
    assert (line.at(8), line.at(128), line.at(64)) == pytest.approx((1.4, 7.4, 4.2))
    assert (line.fixed, line.each) == pytest.approx((1.0, 0.05))


def test_what_more_images_do_not_slow_down_costs_the_same_for_all():
    assert Line.through(8, 2.0, 128, 1.5) == Line(1.5, 0.0)


def test_a_line_that_would_begin_below_zero_begins_at_the_origin():
    assert Line.through(10, 0.5, 20, 2.0) == Line(0.0, 0.1)


@given(few=st.integers(1, 50), more=st.integers(0, 100), times=st.tuples(SECONDS, SECONDS))
def test_a_line_never_falls_nor_goes_below_zero_and_keeps_the_second_measurement(few, more, times):
    line = Line.through(few, times[0], few + more, times[1])
    assert line.fixed >= 0
    assert line.each >= 0
    assert line.at(few + more) == pytest.approx(times[1])


def test_lines_add_up_and_repeat():
    assert Line(1.0, 2.0) + Line(3.0, 4.0).times(2) == Line(7.0, 10.0)
