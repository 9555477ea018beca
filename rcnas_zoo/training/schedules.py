"""Learning-rate schedules as pure functions of the share of the training that is done."""

import math
from collections.abc import Sequence

from rcnas_zoo.spec.recipe import TrainingRecipe

STEP_DECAY = 0.1


def step_factor(progress: float, milestones: Sequence[float]) -> float:
    """0.1 to the number of milestones reached; progress and milestones are shares of the training in [0, 1]."""
    return STEP_DECAY ** sum(progress >= milestone for milestone in milestones)


def cosine_factor(progress: float) -> float:
    """Half a cosine from 1 at progress 0 to 0 at progress 1 (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * progress)) / 2


def learning_rate(recipe: TrainingRecipe, step: int, steps: int) -> float:
    """The learning rate of update ``step`` (from 0) of ``steps``.

    Both schedules move with the update, not with the epoch: a training of a few epochs is not cut into a few levels.
    """
    progress = step / steps
    factor = cosine_factor(progress) if recipe.schedule == "cosine" else step_factor(progress, recipe.milestones)
    return recipe.learning_rate * factor
