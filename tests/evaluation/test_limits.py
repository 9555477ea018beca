import pytest

from rcnas_zoo.evaluation import limits
from rcnas_zoo.evaluation.limits import UNLIMITED, Clock, Limits
from rcnas_zoo.spec.errors import InvalidInput


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seconds": 0}, "the time limit must be above 0 seconds"),
        ({"seconds": -1}, "the time limit in seconds must be"),
        ({"seconds": float("nan")}, "the time limit in seconds must be"),
        ({"tolerance": 0}, r"the tolerance must be inside \(0, 1\), got 0"),
        ({"tolerance": 1}, r"the tolerance must be inside \(0, 1\), got 1"),
        ({"tolerance": 1.5}, "the tolerance must be a finite number"),
    ],
)
def test_limits_that_cannot_be_are_refused(given, message):
    with pytest.raises(InvalidInput, match=message):
        Limits(**given)


def test_there_may_be_none():
    assert not UNLIMITED.any
    assert Limits(seconds=3).any
    assert Limits(tolerance=0.1).any


def test_a_clock_is_up_when_its_time_is_over(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(limits, "monotonic", lambda: now[0])
    clock, endless = Clock(5), Clock(None)
    now[0] = 104.9
    assert not clock.is_up
    now[0] = 105.0
    assert clock.is_up
    now[0] = 1e9
    assert not endless.is_up
