"""Which hyper-parameters a method has, and the range that a study looks for them in."""

from collections.abc import Mapping
from typing import Any, Protocol

from rcnas_zoo.spec.recipe import TrainingRecipe

_FACTOR = 3.0
"""Learning rates are looked for up to so many times above and below the recipe's own."""
_DECAY = 5.0
_BETAS = (1.0, 12.0)


class Tuner(Protocol):
    """Where hyper-parameters come from: a trial of a study, or settings that are known."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """A number in [low, high]; the first trial takes ``first``."""

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """A whole number in [low, high]; the first trial takes ``first``."""


class Untuned:
    """What a method does where nobody tunes it."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """See `Tuner.suggest_float`."""
        return first

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """See `Tuner.suggest_int`."""
        return first


class Settled:
    """Hyper-parameters that are known already."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """See `Tuner.suggest_float`."""
        return float(self._parameters[name])

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """See `Tuner.suggest_int`."""
        return int(self._parameters[name])


def tuned(recipe: TrainingRecipe, tuner: Tuner) -> TrainingRecipe:
    """The recipe with a learning rate and weight decay, and for TRADES and MART a beta, of the trial's."""
    rate, decay = recipe.learning_rate, recipe.weight_decay
    changes = {
        "learning_rate": tuner.suggest_float("learning_rate", rate / _FACTOR, rate * _FACTOR, log=True, first=rate),
        "weight_decay": tuner.suggest_float("weight_decay", decay / _DECAY, decay * _DECAY, log=True, first=decay),
    }
    if recipe.objective in ("trades", "mart"):
        changes["beta"] = tuner.suggest_float("beta", *_BETAS, first=recipe.beta)
    return recipe.with_changes(**changes)
