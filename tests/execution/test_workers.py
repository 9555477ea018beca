"""`Workers`: one process or several, the same answers.

The jobs are expressions and the function is `eval`, which every process can import.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial

import pytest
import torch

from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import InvalidInput, Unavailable

from .reporting import Diary, tell_and_fail, tell_everything, told_by

SLEEP = "__import__('time').sleep({})"
SUM = "__import__('torch').rand(1000, 700, generator=__import__('torch').Generator().manual_seed({})).sum().item()"
THREADS = "__import__('torch').get_num_threads()"
PID = "__import__('os').getpid()"


@pytest.fixture(scope="module")
def two():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def _of(job, calls):
    """The calls that name a job."""
    return [call for call in calls if job in str(call)]


class TestSeveral:
    """Runs that end well; all share two processes."""

    def test_results_stand_in_the_order_of_the_jobs_and_are_told_as_they_end(self, two):
        told = []
        jobs = [f"{SLEEP.format(1)} or 'slow'", "'quick'", "'next'"]
        assert two.run(eval, jobs, lambda *done: told.append(done)) == ["slow", "quick", "next"]
        assert told == [(1, "quick"), (2, "next"), (0, "slow")]

    def test_results_are_those_of_one_process(self, two, three_threads):
        jobs = [SUM.format(seed) for seed in range(4)]
        with Workers(1) as one:
            assert one.run(eval, jobs) == two.run(eval, jobs)

    def test_each_has_one_thread_whatever_the_parent_has(self, two, three_threads):
        assert two.run(eval, [THREADS, "__import__('os').environ['MKL_NUM_THREADS']"]) == [1, "1"]

    def test_processes_stay_from_run_to_run(self, two):
        jobs = [f"{SLEEP.format(0.2)} or {PID}"] * 2
        pids = set(two.run(eval, jobs))
        assert len(pids) == 2
        assert set(two.run(eval, jobs)) == pids
        assert os.getpid() not in pids

    def test_a_function_may_bind_what_all_jobs_share(self, two):
        assert two.run(partial(pow, 2), range(6)) == [1, 2, 4, 8, 16, 32]

    def test_tensors_travel_by_value(self, two):
        given = torch.arange(6.0)
        returned = two.run(torch.neg, [given, given + 1])
        assert torch.equal(returned[0], -given)
        assert not given.is_shared()
        assert not returned[0].is_shared()

    def test_what_jobs_report_is_told_here_in_the_order_of_each_and_before_its_result(self, two):
        diary, jobs = Diary(), ["job 0", "job 1", "job 2"]
        pids = two.run_watched(tell_everything, jobs, diary, lambda index, _: diary.done(jobs[index]))
        assert os.getpid() not in pids
        assert len(diary.calls) == sum(len(told_by(job)) + 1 for job in jobs)
        for job in jobs:
            expected = [*told_by(job), ("done", (job,))]
            assert _of(job, diary.calls) == _of(job, expected)

    def test_jobs_that_report_nothing_run_after_jobs_that_do(self, two):
        two.run_watched(tell_everything, ["a", "b"], Diary())
        assert two.run(eval, ["1", "2"]) == [1, 2]

    def test_fewer_jobs_than_processes(self, two):
        assert two.run(eval, ["7"]) == [7]
        assert two.run(eval, []) == []


class TestOne:
    """Runs in this process."""

    def test_results_and_calls_are_in_order(self):
        told = []
        with Workers(1) as workers:
            assert workers.run(eval, ["1", "2"], lambda *done: told.append(done)) == [1, 2]
        assert told == [(0, 1), (1, 2)]

    def test_jobs_run_here_with_one_thread_and_the_count_comes_back(self, three_threads):
        seen_outside = []
        with Workers(1) as workers:
            assert workers.run(eval, [THREADS, PID], lambda *_: seen_outside.append(torch.get_num_threads())) == [
                1,
                os.getpid(),
            ]
        assert seen_outside == [3, 3]

    def test_what_jobs_report_is_told_as_it_would_be_by_processes(self):
        diary = Diary()
        with Workers(1) as workers:
            assert workers.run_watched(tell_everything, ["a", "b"], diary) == [os.getpid()] * 2
        assert diary.calls == [*told_by("a"), *told_by("b")]

    def test_the_count_comes_back_after_an_error(self, three_threads):
        with Workers(1) as workers, pytest.raises(ZeroDivisionError):
            workers.run(eval, ["1/0"])
        assert torch.get_num_threads() == 3


@pytest.mark.parametrize("count", [1, 2])
def test_our_errors_arrive_as_themselves(count):
    with Workers(count) as workers, pytest.raises(InvalidInput, match="got 'pdg-20'") as caught:
        workers.run(AttackName.parse, ["pgd-20", "pdg-20"])
    assert type(caught.value) is InvalidInput


def test_the_first_error_stops_the_others_and_the_next_run_starts_afresh():
    start = time.monotonic()
    with Workers(2) as workers:
        with pytest.raises(ZeroDivisionError) as caught:
            workers.run(eval, [SLEEP.format(600), "1/0"])
        assert 'File "<string>", line 1' in str(caught.value.__cause__)
        assert workers.run(eval, ["'alive'"]) == ["alive"]
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_job_reports_before_it_fails_is_told(count):
    diary = Diary()
    with Workers(count) as workers, pytest.raises(ValueError, match="alone"):
        workers.run_watched(tell_and_fail, ["alone"], diary)
    assert diary.calls == [("warning", ("alone",))]


def test_an_observer_that_fails_stops_the_jobs():
    def interrupt(message: str) -> None:
        raise KeyboardInterrupt

    diary = Diary()
    diary.warning = interrupt
    with Workers(2) as workers, pytest.raises(KeyboardInterrupt):
        workers.run_watched(tell_everything, ["a", "b"], diary)


def test_an_error_that_cannot_travel_arrives_as_its_text():
    source = "class Local(Exception): pass\nraise Local('only here')"
    with Workers(2) as workers, pytest.raises(RuntimeError, match="Local: only here"):
        workers.run(exec, [source])


def test_a_killed_process_is_unavailable():
    kill = "__import__('signal').raise_signal(9)"
    with Workers(2) as workers, pytest.raises(Unavailable, match=r"ended with exit code -9; use fewer --workers"):
        workers.run(eval, [kill])


def test_an_interrupt_stops_the_processes_at_once():
    def interrupt(index: int, result: object) -> None:
        raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Workers(2) as workers:
        workers.run(eval, ["1", SLEEP.format(600), SLEEP.format(600)], interrupt)
    assert time.monotonic() - start < 60


@pytest.mark.parametrize("count", [0, -1, True, 1.5, "2"])
def test_refuses_a_count_that_is_none(count):
    with pytest.raises(InvalidInput, match=f"the number of workers must be .*, got {count!r}"):
        Workers(count)


# One write for the whole line, for two processes write to the same place.
SCRIPT = r"""
from rcnas_zoo.execution.workers import Workers
with Workers(2) as workers:
    workers.run(eval, [r"__import__('os').write(1, b'busy\n') and __import__('time').sleep(600)"] * 2)
"""


@pytest.fixture
def script():
    """A process whose two workers are at work, in a group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert [process.stdout.readline() for _ in range(2)] == ["busy\n"] * 2
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def test_killing_the_parent_leaves_no_process_behind(script):
    script.kill()
    script.communicate(timeout=30)  # returns when the last process that holds its output has ended


def test_ctrl_c_ends_the_whole_group_with_one_traceback(script):
    os.killpg(script.pid, signal.SIGINT)
    _, stderr = script.communicate(timeout=30)
    assert stderr.count("Traceback") == stderr.count("KeyboardInterrupt") == 1
