import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Event

import pytest
import torch

from rcnas_zoo.candidates import training
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import kept_in, threads_for, train_cached
from rcnas_zoo.execution.locks import lock
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec import InputSpec, Silent
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.training.checkpoints import Checkpoints


def same(one, other):
    """Bit by bit, but for the seconds."""
    facts = ("best_epoch", "curve", "diverged_at", "hopeless", "engine")
    return all(getattr(one, name) == getattr(other, name) for name in facts) and all(
        mine.keys() == others.keys() and all(torch.equal(mine[name], others[name]) for name in mine)
        for mine, others in ((one.best, other.best), (one.last, other.last))
    )


def keys(job):
    """The trainings in the cache, and those of which there are checkpoints."""
    return [path.name for path in job.cache.glob("training/??/*")], [p.name for p in job.cache.glob("checkpoints/*")]


def test_a_training_is_done_once_and_comes_back_the_same(job, monkeypatch):
    first = train_cached(job)
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained twice"))
    again = train_cached(job)
    assert same(again, first)
    assert again.seconds == first.seconds
    assert again.engine == {"precision": "float32", "compiled": False, "parts": 1, "processes": 1}


def test_an_observer_hears_of_the_epochs_also_if_they_come_from_the_cache(job):
    heard = []

    class Listener(Silent):
        def epoch(self, number, total, metrics):
            heard.append((number, total, dict(metrics)))

    trained = train_cached(job, Listener())
    train_cached(job, Listener())
    assert heard == [(1, 1, dict(trained.curve[0]))] * 2


def test_a_training_that_another_process_makes_is_waited_for_and_then_there(job, monkeypatch):
    """A lock belongs to an open file, so that a thread stands for a process here."""
    other = train_cached(replace(job, cache=job.cache / "other"))
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained twice"))
    waits = Waits()
    with ThreadPoolExecutor(1) as pool:
        with lock(job.cache / "locks", job.key()) as mine:
            assert mine
            asked = pool.submit(train_cached, job, waits, "twice")
            assert waits.begun.wait(60)
            assert not asked.done()
            ContentCache(job.cache).put("training", job.key(), training._pack(other))
        assert same(asked.result(60), other)
    assert waits.epochs == len(other.curve)


class Waits(Silent):
    def __init__(self):
        self.begun, self.epochs = Event(), 0

    def progress(self, label, done, total, note=""):
        if (label, note) == ("twice", f"waiting for process {os.getpid()}, which trains it"):
            self.begun.set()

    def epoch(self, number, total, metrics):
        self.epochs += 1


def test_a_training_whose_process_has_died_is_made(job):
    with ThreadPoolExecutor(1) as pool:
        with lock(job.cache / "locks", job.key()):
            waits = Waits()
            asked = pool.submit(train_cached, job, waits, "twice")
            assert waits.begun.wait(60)
        result = asked.result(60)
    assert kept_in(job, result) == next(job.cache.glob("training/??/*"))
    assert keys(job)[1] == []


def test_the_threads_of_the_process_stay_as_they_were(job):
    torch.set_num_threads(2)
    try:
        train_cached(job)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_without_the_cache_the_weights_are_bitwise_the_same(job, tmp_path):
    first, again = train_cached(job), train_cached(replace(job, cache=tmp_path / "other"))
    assert all(torch.equal(again.best[name], tensor) for name, tensor in first.best.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda job: replace(job, seed=1),
        lambda job: replace(job, recipe=job.recipe.with_changes(epochs=2)),
        lambda job: replace(job, spec=replace(job.spec, activation="silu")),
        lambda job: replace(job, source=DataSource("digits", evaluation_size=100)),
        lambda job: replace(job, recipe=job.recipe.with_changes(precision="bfloat16")),
        lambda job: replace(job, floors=((1, 0.0),)),
        lambda job: replace(job, compile="off"),
        lambda job: replace(job, device="cuda"),
    ],
)
def test_whatever_decides_the_weights_decides_the_key(job, change):
    assert change(job).key() != job.key()


def test_the_number_of_processes_decides_the_key_for_it_decides_the_order_of_sums(job):
    assert len({job.key(processes) for processes in (1, 2, 3)}) == 3
    assert job.key(1) == job.key()


def test_where_it_runs_does_not_decide_the_key(job, tmp_path):
    assert replace(job, cache=tmp_path / "elsewhere", threads=4).key() == job.key()


def test_a_damaged_entry_is_trained_anew(job):
    first = train_cached(job)
    weights = next((job.cache / "training").rglob("best.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    again = train_cached(job)
    assert all(torch.equal(again.best[name], tensor) for name, tensor in first.best.items())


def test_small_networks_get_one_thread_and_large_ones_all():
    assert threads_for(named_spec("wrn-16-2", InputSpec((1, 8, 8))), 8) == 1
    assert threads_for(named_spec("wrn-28-10"), 8) == 8


# Trainings that are cut off.


class Counted(Silent):
    """Counts updates, and is interrupted at one of them."""

    def __init__(self, until=0):
        self.until, self.done = until, []

    def progress(self, label, done, total, note=""):
        self.done.append(done)
        if done == self.until:
            raise KeyboardInterrupt


@pytest.fixture
def careful(monkeypatch):
    """A checkpoint after every update, as if a minute had passed."""
    monkeypatch.setattr(training, "Checkpoints", partial(Checkpoints, every_seconds=0))


@pytest.mark.usefixtures("careful")
def test_a_training_that_was_cut_off_goes_on_and_its_checkpoints_go_when_it_is_done(job, tmp_path):
    undisturbed = train_cached(replace(job, cache=tmp_path / "other"))
    with pytest.raises(KeyboardInterrupt):
        train_cached(job, Counted(5))
    assert keys(job) == ([], [job.key()])
    seen = Counted()
    assert same(train_cached(job, seen), undisturbed)
    assert seen.done[0] == 6
    assert keys(job) == ([job.key()], [])


@pytest.mark.usefixtures("careful")
def test_the_checkpoints_of_another_training_are_not_taken(job):
    with pytest.raises(KeyboardInterrupt):
        train_cached(job, Counted(5))
    other, seen = replace(job, seed=1), Counted()
    train_cached(other, seen)
    assert seen.done[0] == 1
    assert keys(job) == ([other.key()], [job.key()])


@pytest.mark.usefixtures("careful")
def test_a_result_that_cannot_be_kept_leaves_its_checkpoints(job, monkeypatch):
    (job.cache).mkdir()
    (job.cache / "training").write_text("in the way")
    with pytest.raises(Unavailable, match=r"the cache .* must be writable"):
        train_cached(job)
    assert [path.name for path in job.cache.glob("checkpoints/*")] == [job.key()]
    (job.cache / "training").unlink()
    seen = Counted()
    train_cached(job, seen)
    assert seen.done == []
    assert keys(job) == ([job.key()], [])


def test_a_hopeless_training_is_kept_as_one(job):
    stopped = replace(job, recipe=job.recipe.with_changes(epochs=3), floors=((1, 1.0),))
    first, again = train_cached(stopped), train_cached(stopped)
    assert first.hopeless
    assert len(first.curve) == 1
    assert same(again, first)


def test_a_training_that_diverged_is_kept_as_one(job):
    wild = job.recipe.with_changes(learning_rate=100.0, gradient_clip=0.0, weight_decay=10.0, epochs=2)
    first, again = (train_cached(replace(job, recipe=wild)) for _ in range(2))
    assert first.diverged
    assert first.diverged_at > 0
    assert same(again, first)
