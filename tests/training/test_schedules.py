"""Schedules against closed forms and against the schedulers of PyTorch."""

import math
from itertools import pairwise

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, OneCycleLR

from rcnas_zoo.spec.recipe import SCHEDULES, TrainingRecipe
from rcnas_zoo.training.schedules import (
    SMOOTH_FACTORS,
    cosine_factor,
    learning_rate,
    one_cycle_factor,
    restarts_factor,
    step_factor,
)


def rates_of(recipe, steps):
    return [learning_rate(recipe, step, steps) for step in range(steps)]


def torch_rates(make, steps):
    """The rates of a scheduler of PyTorch over so many updates of a parameter that does not matter."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("progress", "factor"), [(0, 1), (0.7499, 1), (0.75, 0.1), (0.89, 0.1), (0.9, 0.01), (1, 0.01)]
)
def test_the_step_factor_drops_tenfold_at_each_milestone(progress, factor):
    assert step_factor(progress, (0.75, 0.9)) == pytest.approx(factor)


def test_no_milestones_keep_the_rate():
    assert step_factor(0.99, ()) == 1


@pytest.mark.parametrize(("progress", "factor"), [(0, 1), (1 / 3, 0.75), (0.5, 0.5), (2 / 3, 0.25), (1, 0)])
def test_the_cosine_factor_at_known_angles(progress, factor):
    assert cosine_factor(progress) == pytest.approx(factor, abs=1e-12)


def test_a_hundred_epochs_drop_exactly_after_epoch_75_and_epoch_90():
    batches = 391
    rates = rates_of(TrainingRecipe(), 100 * batches)
    assert rates[75 * batches - 1] == 0.1
    assert rates[75 * batches] == pytest.approx(0.01)
    assert rates[90 * batches - 1] == pytest.approx(0.01)
    assert rates[90 * batches] == pytest.approx(0.001)


def test_the_cosine_rate_falls_with_every_update():
    rates = rates_of(TrainingRecipe(schedule="cosine", learning_rate=0.4), 50)
    assert rates[0] == 0.4
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert rates[-1] == pytest.approx(0.2 * (1 + math.cos(math.pi * 49 / 50)))


@pytest.mark.parametrize(
    ("progress", "factor"), [(0, 1 / 25), (0.15, 13 / 25), (0.3, 1), (0.65, (1 + 4e-6) / 2), (1, 4e-6)]
)
def test_one_cycle_at_known_places(progress, factor):
    assert one_cycle_factor(progress) == pytest.approx(factor, rel=1e-9)


def test_one_cycle_is_the_scheduler_of_pytorch():
    # PyTorch counts both ends of the training as updates: the rise takes 0.3 steps - 1 of them, and from there on its
    # update is one further than ours.
    steps, rise = 200, 59
    places = [0.3 * step / rise if step < rise else (step + 1) / steps for step in range(steps)]
    expected = torch_rates(lambda optimizer: OneCycleLR(optimizer, 1.0, total_steps=steps), steps)
    assert [one_cycle_factor(place) for place in places] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("first", [1, 3, 50])
def test_sgdr_is_the_scheduler_of_pytorch(first):
    expected = torch_rates(lambda o: CosineAnnealingWarmRestarts(o, first, T_mult=2), 7 * first)
    recipe = TrainingRecipe(schedule="sgdr", learning_rate=1.0)
    assert rates_of(recipe, 7 * first) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("end", [1 / 7, 3 / 7, 1])
def test_every_cycle_of_sgdr_ends_at_zero(end):
    assert restarts_factor(end - 1e-9) == pytest.approx(0, abs=1e-12)
    assert restarts_factor(end) == pytest.approx(0 if end == 1 else 1, abs=1e-12)


def test_the_recipe_names_the_schedules_that_there_are():
    assert {"step", *SMOOTH_FACTORS} == set(SCHEDULES)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("steps", "rising"), [(100, 20), (10, 2), (7, 1), (2, 0)])
def test_a_warm_up_rises_to_the_full_rate_and_the_schedule_takes_the_rest(schedule, steps, rising):
    recipe = TrainingRecipe(schedule=schedule, warmup=0.2, learning_rate=0.4)
    rates = rates_of(recipe, steps)
    assert rates[:rising] == pytest.approx([0.4 * (step + 1) / rising for step in range(rising)])
    assert rates[rising:] == rates_of(recipe.with_changes(warmup=0.0), steps - rising)


def test_milestones_are_shares_of_what_the_warm_up_leaves():
    rates = rates_of(TrainingRecipe(warmup=0.5, milestones=(0.5,), learning_rate=1.0), 8)
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 9, 50])
def test_no_rate_is_above_the_recipe_s_and_the_first_update_moves(schedule, warmup, steps):
    rates = rates_of(TrainingRecipe(schedule=schedule, warmup=warmup, learning_rate=0.3), steps)
    assert rates[0] > 0
    assert all(0 <= rate <= 0.3 + 1e-12 for rate in rates)
