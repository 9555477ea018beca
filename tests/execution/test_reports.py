import inspect
import pickle
import time

import pytest

from rcnas_zoo.execution.reports import PAUSE_SECONDS, Reporter, Told
from rcnas_zoo.spec.observer import Observer

from .reporting import Diary, tell_everything, told_by

METHODS = [name for name in vars(Observer) if not name.startswith("_")]


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


@pytest.mark.parametrize("method", METHODS)
def test_a_reporter_takes_what_the_protocol_says(method):
    assert inspect.signature(getattr(Reporter, method)) == inspect.signature(getattr(Observer, method))


def test_every_call_travels_and_is_repeated_as_it_was():
    sent, diary = [], Diary()
    tell_everything("mine", Reporter(lambda told: sent.append(pickle.dumps(told))))
    for message in sent:
        pickle.loads(message).to(diary)
    assert diary.calls == told_by("mine")
    assert {method for method, _ in diary.calls} == set(METHODS)


def test_progress_is_sent_a_few_times_a_second_and_always_at_the_start_and_the_end(clock):
    sent = []
    reporter = Reporter(sent.append)
    for done in range(1, 10):
        reporter.progress("training", done, 10)
        clock(PAUSE_SECONDS / 4)
    reporter.progress("training", 10, 10, "done")
    assert [told.arguments[1] for told in sent] == [1, 5, 9, 10]
    assert sent[-1] == Told("progress", ("training", 10, 10, "done"))


def test_each_piece_of_work_has_a_pace_of_its_own_and_begins_anew_after_its_end(clock):
    sent = []
    reporter = Reporter(sent.append)
    for _ in range(2):
        reporter.progress("training", 0, 3)
        reporter.progress("attacking", 0, 3)
        reporter.progress("training", 1, 3)
        reporter.progress("training", 3, 3)
        reporter.progress("attacking", 3, 3)
    assert [told.arguments[:2] for told in sent] == 2 * [
        ("training", 0),
        ("attacking", 0),
        ("training", 3),
        ("attacking", 3),
    ]
