import time

import pytest

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.backlog import Backlog
from rcnas_zoo.tracking.link import Link

from .listener import Listener


@pytest.fixture
def people():
    return Listener()


@pytest.fixture
def client(store):
    return store.client()


@pytest.fixture
def run(client):
    return client.create_run("0")


@pytest.fixture
def backlog(store, client, run, people):
    return Backlog(Link(store.tracking_uri, people), client, run)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


@pytest.fixture
def silence(client, clock, monkeypatch):
    """A store that takes nothing while it is silent, and notes how often it is asked."""
    usual = client.log_batch

    class Silence:
        lasts = True
        asked = 0
        seconds = 0.0

    def log_batch(*arguments, **named):
        Silence.asked += 1
        if Silence.lasts:
            clock(Silence.seconds)
            raise OSError("no answer")
        usual(*arguments, **named)

    monkeypatch.setattr(client, "log_batch", log_batch)
    return Silence


def steps(client, run, name):
    return [point.step for point in client.get_metric_history(run.info.run_id, name)]


def test_what_the_store_takes_arrives_at_once(backlog, client, run, people):
    backlog.metrics({"loss": 2.0, "accuracy": float("nan")}, 1)
    assert steps(client, run, "loss") == steps(client, run, "accuracy") == [1]
    assert people.warnings == []


def test_a_silent_store_stops_no_work_and_loses_nothing(backlog, client, run, people, silence, clock):
    before = int(1000 * time.time())
    for epoch in range(1, 4):
        backlog.metrics({"loss": 1 / epoch}, epoch)
    said = int(1000 * time.time())
    time.sleep(0.01)
    silence.lasts = False
    clock(5)
    backlog.metrics({"loss": 0.25}, 4)
    points = client.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in points] == [(1, 1), (2, 1 / 2), (3, 1 / 3), (4, 1 / 4)]
    assert all(before <= point.timestamp <= said for point in points[:3])
    (warning,) = people.warnings
    assert "no answer" in warning
    assert warning.endswith("; the work goes on, and what it logs is kept until the store takes it")


def test_a_silent_store_is_asked_again_only_after_seconds(backlog, silence, clock):
    for epoch in range(1, 50):
        backlog.metrics({"loss": 1.0}, epoch)
        clock(0.5)
    assert silence.asked == 5


def test_the_work_loses_a_tenth_of_its_time_at_most(backlog, silence, clock):
    silence.seconds = 4.0
    for epoch in range(1, 1001):
        backlog.metrics({"loss": 1.0}, epoch)
        clock(0.1)
    assert silence.asked == 3


def test_a_store_that_falls_silent_anew_is_told_anew(backlog, people, silence, clock):
    for epoch, lasts in enumerate([True, True, False, True, True]):
        silence.lasts = lasts
        backlog.metrics({"loss": 1.0}, epoch)
        clock(10)
    assert len(people.warnings) == 2


def test_what_is_not_taken_at_the_end_is_named(backlog, silence):
    backlog.metrics({"loss": 1.0}, 3)
    backlog.metrics({"loss": 1.0, "accuracy": 0.5}, 17)
    backlog.warning("out of memory")
    with pytest.raises(Unavailable, match=r"not logged: accuracy, loss \(steps 3 to 17\) and warnings$"):
        backlog.settle()
    asked = silence.asked
    backlog.settle()
    assert silence.asked == asked


def test_an_answer_that_is_lost_on_the_way_doubles_no_metric(backlog, client, run, clock, monkeypatch):
    usual = client.log_batch

    def deaf(*arguments, **named):
        usual(*arguments, **named)
        raise OSError("connection reset")

    monkeypatch.setattr(client, "log_batch", deaf)
    backlog.metrics({"loss": 1.0}, 1)
    monkeypatch.setattr(client, "log_batch", usual)
    time.sleep(0.01)
    clock(5)
    backlog.metrics({"loss": 0.5}, 2)
    assert steps(client, run, "loss") == [1, 2]


def test_the_history_is_asked_for_only_where_there_is_one(store, client, run, people, monkeypatch):
    client.log_metric(run.info.run_id, "loss", 1.0, step=1)
    asked = []
    usual = client.get_metric_history

    def history(run_id, name):
        asked.append(name)
        return usual(run_id, name)

    monkeypatch.setattr(client, "get_metric_history", history)
    backlog = Backlog(Link(store.tracking_uri, people), client, client.get_run(run.info.run_id))
    for epoch in (1, 2, 3):
        backlog.metrics({"loss": 1.0, "accuracy": 0.5}, epoch)
    assert asked == ["loss"]
    assert steps(client, run, "loss") == steps(client, run, "accuracy") == [1, 2, 3]


def test_warnings_are_lines_of_a_tag_once_each_also_when_the_run_is_resumed(store, client, run, people, backlog):
    backlog.warning("out of memory")
    backlog.warning("disk full")
    again = Backlog(Link(store.tracking_uri, people), client, client.get_run(run.info.run_id))
    again.warning("out of memory")
    again.warning("the loss is not finite")
    kept = client.get_run(run.info.run_id).data.tags["rcnas.warnings"]
    assert kept.splitlines() == ["out of memory", "disk full", "the loss is not finite"]


def test_of_too_many_warnings_the_newest_are_kept(client, run, backlog):
    for number in range(60):
        backlog.warning(f"{100 * 'x'} {number:05}")
    kept = client.get_run(run.info.run_id).data.tags["rcnas.warnings"]
    assert len(kept) == 5000
    assert kept.endswith("x 00059")
