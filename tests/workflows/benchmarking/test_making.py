import pytest

from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.benchmarking import making
from rcnas_zoo.workflows.benchmarking.making import MOST_SEED, check, make
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.tuning import Untuned
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import prepare

TASK = Task.parse("digits/pgd-5/wrn-10-1/150k")


class Strict(Untuned):
    """The usual settings, held to floors."""

    def __init__(self, floors):
        self.floors, self.told = floors, []

    def report(self, step, value):
        """See `Tuner.report`."""
        self.told.append((step, value))
        return value < self.floors[step]


@pytest.mark.parametrize(("floors", "epochs"), [({1: 1.0, 2: 1.0}, 1), ({1: 0.0, 2: 1.0}, 2), ({1: 0.0, 2: 0.0}, 3)])
def test_a_training_ends_where_it_is_hopeless_and_what_it_came_to_is_reported(tmp_path, floors, epochs):
    settings = TaskBenchmarkSettings(("sat",), (0,), final_epochs=3)
    prepared = prepare(TASK, settings.of_seed(0), Machine(workers=1, cache=tmp_path))
    tuner = Strict(floors)
    made = make("sat", prepared, tuner, Silent())
    assert len(made.curve) == epochs
    assert tuner.told == [(epoch, made.curve[epoch - 1]["robust_accuracy"]) for epoch in (1, 2) if epoch <= epochs]


class Bounded(Untuned):
    """The usual settings, where a study could have drawn them."""

    def __init__(self):
        self.seeds = []

    def suggest_int(self, name, low, high, *, first):
        """See `Tuner.suggest_int`."""
        assert low <= first <= high
        self.seeds.append(first)
        return first


@pytest.mark.parametrize("seed", [0, MOST_SEED, 20_261_122, 2**31 - 1])
def test_a_search_may_draw_by_any_seed_of_a_benchmark(tmp_path, monkeypatch, seed):
    settings = TaskBenchmarkSettings(("random",), (seed,), policy="none")
    prepared = prepare(TASK, settings.of_seed(seed), Machine(cache=tmp_path))
    tuner = Bounded()
    monkeypatch.setattr(making, "Untuned", lambda: tuner)
    check("random", prepared)
    assert tuner.seeds == [seed]
