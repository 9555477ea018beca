import re
import sys
import time

import pytest
from rcnas_zoo_cli import progress as module
from rcnas_zoo_cli.progress import Bars, Lines, Warnings, progress, time_left


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


@pytest.mark.parametrize(
    ("seconds", "done", "total", "left"),
    [
        (10, 1, 5, "40 s"),
        (10, 5, 5, "0 s"),
        (1, 1, 120, "119 s"),
        (1, 1, 121, "2 min"),
        (60, 1, 31, "30 min"),
        (3600, 1, 3, "2.0 h"),
        (3600, 2, 9, "3.5 h"),
    ],
)
def test_the_rest_takes_as_long_as_what_is_done_took(seconds, done, total, left):
    assert time_left(seconds, done, total) == left


def test_lines_show_the_start_the_end_and_the_time_left_between(clock, capsys):
    lines = Lines(verbose=False)
    lines.progress("training", 0, 10)
    clock(1)
    lines.progress("training", 1, 10, "too soon after the last line")
    clock(5)
    lines.progress("training", 2, 10, "epoch 1/5")
    lines.progress("training", 10, 10)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["training: 0/10", "training: 2/10, 24 s left  epoch 1/5", "training: 10/10"]


def test_each_piece_of_work_has_its_own_time(clock, capsys):
    lines = Lines(verbose=False)
    lines.progress("search", 0, 2)
    clock(60)
    lines.progress("training", 0, 2)
    clock(6)
    lines.progress("training", 1, 2)
    lines.progress("training", 2, 2)
    clock(5)
    lines.progress("search", 1, 2)
    assert capsys.readouterr().err.splitlines()[1:] == [
        "training: 1/2, 6 s left",
        "training: 2/2",
        "search: 1/2, 71 s left",
    ]


def test_short_work_beside_other_work_is_not_shown(clock, capsys):
    lines = Lines(verbose=False)
    lines.progress("search", 0, 3)
    for number in range(3):
        lines.progress(f"candidate {number}", 1, 9)
        clock(1)
        lines.progress(f"candidate {number}", 9, 9)
    lines.progress("search", 3, 3)
    lines.progress("training", 1, 9)
    assert capsys.readouterr().err.splitlines() == ["search: 0/3", "search: 3/3", "training: 1/9"]


def test_work_beside_other_work_is_shown_to_its_end_if_it_lasts(clock, capsys):
    lines = Lines(verbose=False)
    lines.progress("search", 0, 2)
    lines.progress("candidate 0", 1, 9)
    clock(1)
    lines.progress("candidate 1", 1, 9)
    clock(4)
    lines.progress("candidate 0", 5, 9)
    lines.progress("candidate 1", 5, 9)
    lines.progress("candidate 0", 6, 9)
    lines.progress("candidate 0", 9, 9)
    clock(1)
    lines.progress("candidate 1", 9, 9)
    assert capsys.readouterr().err.splitlines() == ["search: 0/2", "candidate 0: 5/9, 5 s left", "candidate 0: 9/9"]


def test_several_pieces_of_work_together_take_no_more_lines_than_one(clock, capsys):
    lines = Lines(verbose=False)
    lines.progress("search", 0, 99)
    for second in range(1, 61):
        clock(1)
        for label in ("candidate 0", "candidate 1", "search"):
            lines.progress(label, second, 99)
    printed = [line.split(":")[0] for line in capsys.readouterr().err.splitlines()]
    assert len(printed) <= 60 / module.PLAIN_SECONDS + 3
    assert min(printed.count(label) for label in ("candidate 0", "candidate 1", "search")) >= 4


def test_work_of_the_same_name_begins_anew(clock, capsys):
    lines = Lines(verbose=False)
    for _ in range(2):
        lines.progress("attacking", 1, 2)
        clock(1)
        lines.progress("attacking", 2, 2)
    assert capsys.readouterr().err.splitlines() == 2 * ["attacking: 1/2", "attacking: 2/2"]


def test_epochs_are_shown_only_if_asked_for(capsys):
    Lines(verbose=False).epoch(1, 2, {"loss": 1.0})
    Lines(verbose=True).epoch(2, 2, {"loss": 0.123456, "robust_accuracy": 0.5})
    assert capsys.readouterr() == ("", "epoch 2/2: loss 0.1235, robust_accuracy 0.5\n")


def test_quiet_says_nothing_but_warnings(capsys):
    with progress(quiet=True, verbose=True) as observer:
        observer.progress("training", 0, 2)
        observer.epoch(1, 2, {"loss": 1.0})
        observer.warning("out of memory")
    assert type(observer) is Warnings
    assert capsys.readouterr() == ("", "warning: out of memory\n")


def test_a_warning_is_a_line_of_its_own(capsys):
    lines = Lines(verbose=False)
    lines.progress("training", 0, 10)
    lines.warning("the disk is full")
    assert capsys.readouterr() == ("", "training: 0/10\nwarning: the disk is full\n")


def test_a_terminal_gets_bars_on_stderr_that_vanish(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress() as observer:
        assert isinstance(observer, Bars)
        observer.progress("training", 1, 2, "epoch 1")
        observer.progress("attacking", 1, 3)
        observer.progress("training", 2, 2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "training" not in printed.err.splitlines()[-1]


def test_a_warning_stays_above_the_bars_however_long_it_is(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    message = "the server [1;31m]http://host[/] is silent" + 100 * " so"
    with progress() as observer:
        observer.progress("training", 1, 2)
        observer.warning(message)
        observer.progress("training", 2, 2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"warning: {message}" in [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in printed.err.splitlines()]


def test_bars_last_as_long_as_their_work():
    display = module._display()
    bars = Bars(display)
    bars.progress("training", 1, 4, "epoch 1")
    bars.progress("attacking", 1, 3)
    assert [(task.description, task.completed, task.total) for task in display.tasks] == [
        ("training", 1, 4),
        ("attacking", 1, 3),
    ]
    bars.progress("training", 4, 4)
    bars.progress("training", 0, 4)
    assert [(task.description, task.completed) for task in display.tasks] == [("attacking", 1), ("training", 0)]


def test_verbose_lines_are_not_lost_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress(verbose=True) as observer:
        observer.epoch(1, 1, {"loss": 1.0})
    assert capsys.readouterr().err == "epoch 1/1: loss 1\n"
