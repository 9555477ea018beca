"""Schedules against closed forms."""

import math
from itertools import pairwise

import pytest

from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.schedules import cosine_factor, learning_rate, step_factor


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
    recipe, batches = TrainingRecipe(), 391
    rates = [learning_rate(recipe, step, 100 * batches) for step in range(100 * batches)]
    assert rates[75 * batches - 1] == 0.1
    assert rates[75 * batches] == pytest.approx(0.01)
    assert rates[90 * batches - 1] == pytest.approx(0.01)
    assert rates[90 * batches] == pytest.approx(0.001)


def test_the_cosine_rate_falls_with_every_update():
    recipe = TrainingRecipe(schedule="cosine", learning_rate=0.4)
    rates = [learning_rate(recipe, step, 50) for step in range(50)]
    assert rates[0] == 0.4
    assert all(later < earlier for earlier, later in pairwise(rates))
    assert rates[-1] == pytest.approx(0.2 * (1 + math.cos(math.pi * 49 / 50)))
