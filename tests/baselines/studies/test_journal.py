import json
import os
import threading

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.journal import SystemLock, check_journal, cut_torn_line
from rcnas_zoo.baselines.studies.work import work
from rcnas_zoo.spec.errors import IntegrityError
from tests.baselines.studies.worker import Bowl, counts, plan_of


def plan_in(folder, **changes):
    return plan_of(folder, trials=3, storage=f"journal:{folder}/x.journal", **changes)


@given(st.binary(max_size=40), st.sampled_from([1, 2, 4096, 5000]))
def test_what_follows_the_last_line_break_is_cut_off(tmp_path_factory, end, blow_up):
    file = tmp_path_factory.mktemp("torn") / "x"
    content = b"line\n" * blow_up + end * blow_up
    file.write_bytes(content)
    cut_torn_line(file)
    assert file.read_bytes() == content[: content.rindex(b"\n") + 1]


def test_a_journal_of_half_a_line_is_empty(tmp_path):
    (tmp_path / "x").write_bytes(b'{"op_')
    cut_torn_line(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b""


def test_a_study_goes_on_from_a_journal_cut_at_any_place(tmp_path):
    """As a process leaves it that is killed while it writes."""
    whole = work(plan_in(tmp_path), Bowl(tmp_path))
    content = (tmp_path / "x.journal").read_bytes()
    for end in range(0, len(content), 97):
        (tmp_path / "x.journal").write_bytes(content[:end])
        assert work(plan_in(tmp_path), Bowl(tmp_path)) == whole


def test_optuna_alone_loses_a_journal_to_half_a_line(tmp_path):
    """Why we cut it off; if this fails, Optuna has learned to."""
    file = tmp_path / "x.journal"
    file.write_bytes(b'{"op_code":0,"half')
    for _ in range(2):
        with pytest.raises((AssertionError, ValueError)):
            optuna.create_study(
                storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(file)))
            )


@pytest.mark.parametrize("line", [b"\0\0", b"{", b"[1]", b'{"op_code":4}', b'"x"', b"\xff", b"[" * 100_000])
def test_a_damaged_line_is_named(line, tmp_path):
    work(plan_in(tmp_path), Bowl(tmp_path))
    file = tmp_path / "x.journal"
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(IntegrityError, match=r"x\.journal line 3 is damaged; put a backup in its place"):
        work(plan_in(tmp_path), Bowl(tmp_path))
    assert counts(tmp_path, "begun") == [0, 1, 2]


@pytest.mark.parametrize("change", [{"op_code": 99}, {"op_code": 4}, {"op_code": 5}])
def test_a_line_that_makes_no_sense_is_refused(change, tmp_path):
    work(plan_in(tmp_path), Bowl(tmp_path))
    file = tmp_path / "x.journal"
    entry = json.loads(file.read_bytes().split(b"\n")[0])
    with file.open("ab") as journal:
        journal.write(json.dumps({**entry, **change}).encode() + b"\n")
    with pytest.raises(IntegrityError, match="a line makes no sense"):
        work(plan_in(tmp_path), Bowl(tmp_path))


def test_a_journal_that_is_not_there_is_not_damaged(tmp_path):
    check_journal(tmp_path / "x")


def test_the_lock_that_optuna_leaves_behind_stops_nobody(tmp_path):
    file = tmp_path / "x.journal"
    os.symlink(file, f"{file}.lock")
    assert len(work(plan_in(tmp_path), Bowl(tmp_path)).trials) == 3


def test_the_lock_is_held_by_one_at_a_time(tmp_path):
    (tmp_path / "x").touch()
    one, other = SystemLock(tmp_path / "x", tmp_path / "l"), SystemLock(tmp_path / "x", tmp_path / "l")
    one.acquire()
    waiting = threading.Thread(target=other.acquire)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    one.release()
    waiting.join(10)
    assert not waiting.is_alive()
    other.release()
