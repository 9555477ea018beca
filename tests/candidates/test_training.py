from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates import training
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import threads_for, train_cached
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec import InputSpec, Silent


def test_a_training_is_done_once_and_comes_back_the_same(job, monkeypatch):
    first = train_cached(job)
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained twice"))
    again = train_cached(job)
    assert again.curve == first.curve
    assert again.best_epoch == first.best_epoch
    assert all(torch.equal(again.best[name], tensor) for name, tensor in first.best.items())
    assert all(torch.equal(again.last[name], tensor) for name, tensor in first.last.items())


def test_an_observer_hears_of_the_epochs_also_if_they_come_from_the_cache(job):
    heard = []

    class Listener(Silent):
        def epoch(self, number, total, metrics):
            heard.append((number, total, dict(metrics)))

    trained = train_cached(job, Listener())
    train_cached(job, Listener())
    assert heard == [(1, 1, dict(trained.curve[0]))] * 2


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
    ],
)
def test_whatever_decides_the_weights_decides_the_key(job, change):
    assert change(job).key != job.key


def test_where_it_runs_does_not_decide_the_key(job, tmp_path):
    assert replace(job, cache=tmp_path / "elsewhere", threads=4).key == job.key


def test_a_damaged_entry_is_trained_anew(job):
    first = train_cached(job)
    weights = next((job.cache / "training").rglob("best.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    again = train_cached(job)
    assert all(torch.equal(again.best[name], tensor) for name, tensor in first.best.items())


def test_small_networks_get_one_thread_and_large_ones_all():
    assert threads_for(named_spec("wrn-16-2", InputSpec((1, 8, 8))), 8) == 1
    assert threads_for(named_spec("wrn-28-10"), 8) == 8
