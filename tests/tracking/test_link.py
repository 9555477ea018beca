import os
import time

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking import link as module
from rcnas_zoo.tracking.link import Link

from .listener import Listener

SERVER = "http://ann:secret@host:5000"
REQUEST = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT")


@pytest.fixture
def people():
    return Listener()


@pytest.fixture
def silent_for(monkeypatch):
    """Makes every server silent for so many questions, and time pass without waiting for it."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def make(questions):
        remaining = iter(range(questions))

        def check(_):
            if next(remaining, None) is not None:
                raise Unavailable("the server must answer")

        monkeypatch.setattr(module, "check_server", check)
        return now

    return make


def test_a_server_that_is_silent_is_waited_for_and_a_person_is_told_once(silent_for, people):
    now = silent_for(5)
    done = []
    with Link(SERVER, people).patiently("the file a"):
        done.append(now[0])
    assert done == [10.0]
    assert people.warnings == ["the server must answer; waiting for it, 300 seconds at most"]


def test_a_server_that_answers_is_not_waited_for(silent_for, people):
    now = silent_for(0)
    with Link(SERVER, people).patiently("the file a"):
        pass
    assert (now, people.warnings) == ([0.0], [])


def test_patience_ends_and_what_is_not_logged_is_named(silent_for, people):
    now = silent_for(10_000)
    with (
        pytest.raises(Unavailable, match=r"^the server must answer; not logged: the file a$"),
        Link(SERVER, people).patiently("the file a"),
    ):
        raise AssertionError
    assert module.PATIENCE_SECONDS < now[0] <= module.PATIENCE_SECONDS + 2 * module.PAUSE_SECONDS


def test_a_database_that_refuses_is_not_asked_again(people):
    with (
        pytest.raises(Unavailable, match=r"must take what is asked of it: disk full; .*; not logged: the file a$"),
        Link("sqlite:////x.db", people).patiently("the file a"),
    ):
        raise OSError("disk full")
    assert people.warnings == []


def test_nobody_waits_for_what_can_be_tried_again(people, closed_server):
    start = time.monotonic()
    with (
        pytest.raises(Unavailable, match=r"must answer, got: .*refused"),
        Link(closed_server.tracking_uri, people).briefly(),
    ):
        raise AssertionError
    assert time.monotonic() - start < 5
    assert people.warnings == []


def test_mlflow_gives_up_soon_on_what_can_be_tried_again_and_only_then(people, monkeypatch):
    monkeypatch.setenv(REQUEST[0], "9")
    with Link("sqlite:////x.db", people).briefly():
        assert [os.environ.get(name) for name in REQUEST] == ["0", "5"]
    assert [os.environ.get(name) for name in REQUEST] == ["9", None]
