import pytest

from rcnas_zoo.search.registry import NamedMethod
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.benchmarking import timing
from rcnas_zoo.workflows.benchmarking.timing import Timed
from tests.search.formula import Formula, make_problem


class Clock:
    """Goes by itself only where it is told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    found = Clock()
    monkeypatch.setattr(timing, "perf_counter", found)
    return found


class Slow:
    """Ten seconds a call."""

    def __init__(self, clock):
        self.clock = clock

    def evaluate(self, problem, proposals, observer):
        self.clock.now += 10
        return Formula().evaluate(problem, proposals, observer)


class Thinking(Silent):
    """Stands for what a search does between two evaluations: it hears of every visit."""

    def __init__(self, clock):
        self.clock = clock

    def progress(self, *_, **__):
        self.clock.now += 0.25


def test_thinking_is_what_passes_outside_of_the_evaluations(clock):
    problem = make_problem()
    timed = Timed(Slow(clock))
    result, thinking = timed.search(NamedMethod("random", 6, seed=1), problem, Thinking(clock))
    assert thinking == pytest.approx(6 * 0.25)
    assert clock.now == pytest.approx(100 + 6 * 10.25)
    assert result.visits == NamedMethod("random", 6, seed=1).run(problem, Formula(), Silent()).visits


def test_a_second_search_starts_from_nothing(clock):
    timed = Timed(Slow(clock))
    first, again = (timed.search(NamedMethod("random", 2), make_problem(), Thinking(clock))[1] for _ in range(2))
    assert first == again == pytest.approx(0.5)
