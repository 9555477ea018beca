"""A slice ends itself, and never in the middle of what must be whole."""

import signal
import time

import pytest

from benchmarks.gpu.slices import TimeUp, ending_after, left
from rcnas_zoo.execution.signals import undivided


def test_a_slice_ends_itself_and_leaves_signals_as_they_were():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)]
    with pytest.raises(TimeUp), ending_after(0.05):
        time.sleep(10)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_it_waits_for_what_must_be_whole():
    done = []

    def work():
        with undivided():
            time.sleep(0.2)
            done.append("whole")
        done.append("more")

    with pytest.raises(TimeUp), ending_after(0.05):
        work()
    assert done == ["whole"]


def test_a_slice_that_is_over_before_it_begins_ends_at_once():
    with pytest.raises(TimeUp), ending_after(-1.0):
        time.sleep(10)


def test_sigterm_from_outside_ends_a_slice_too():
    with pytest.raises(TimeUp), ending_after(60):
        signal.raise_signal(signal.SIGTERM)


def test_what_is_done_in_time_is_not_disturbed():
    with ending_after(0.2):
        pass
    time.sleep(0.3)
    assert left(1.0) < 60
