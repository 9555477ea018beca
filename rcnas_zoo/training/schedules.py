"""Learning-rate schedules as pure functions of the share of the training that is done."""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from rcnas_zoo.spec.recipe import TrainingRecipe

STEP_DECAY = 0.1
ONE_CYCLE_RISE = 0.3
ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = ONE_CYCLE_START / 1e4
SGDR_STARTS = (0, 1 / 7, 3 / 7)


def step_factor(progress: float, milestones: Sequence[float]) -> float:
    """0.1 to the number of milestones reached; progress and milestones are shares of the training in [0, 1]."""
    return STEP_DECAY ** sum(progress >= milestone for milestone in milestones)


def cosine_factor(progress: float) -> float:
    """Half a cosine from 1 at progress 0 to 0 at progress 1 (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle_factor(progress: float) -> float:
    """Half a cosine up from 1/25 to 1 at 30 % of the training, then one down to 1/250,000 (Smith and Topin 2018).

    The shape and the numbers are those of PyTorch's ``OneCycleLR``. Departure: the momentum stays as it is.
    """
    if progress < ONE_CYCLE_RISE:
        return 1 - (1 - ONE_CYCLE_START) * cosine_factor(progress / ONE_CYCLE_RISE)
    fall = (progress - ONE_CYCLE_RISE) / (1 - ONE_CYCLE_RISE)
    return ONE_CYCLE_END + (1 - ONE_CYCLE_END) * cosine_factor(fall)


def restarts_factor(progress: float) -> float:
    """Three cosines from 1 to 0, each twice as long as the one before (SGDR: Loshchilov and Hutter 2017)."""
    start = max(start for start in SGDR_STARTS if start <= progress)
    # All cycles before one make up its length, but for a seventh of the training.
    return cosine_factor((progress - start) / (start + 1 / 7))


SMOOTH_FACTORS: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {"cosine": cosine_factor, "one-cycle": one_cycle_factor, "sgdr": restarts_factor}
)


def learning_rate(recipe: TrainingRecipe, step: int, steps: int) -> float:
    """The learning rate of update ``step`` (from 0) of ``steps``.

    Every schedule moves with the update, not with the epoch: a training of a few epochs is not cut into a few levels.
    A warm-up, rounded to whole updates, comes before any of them: the rate rises linearly, from above zero at the first
    update to its full value at the last one of the warm-up. The whole schedule, milestones too, then takes place in
    what is left. ``one-cycle`` rises by itself and needs none.
    """
    rising = round(recipe.warmup * steps)
    if step < rising:
        return recipe.learning_rate * (step + 1) / rising
    return recipe.learning_rate * _factor(recipe, (step - rising) / (steps - rising))


def _factor(recipe: TrainingRecipe, progress: float) -> float:
    if recipe.schedule == "step":
        return step_factor(progress, recipe.milestones)
    return SMOOTH_FACTORS[recipe.schedule](progress)
