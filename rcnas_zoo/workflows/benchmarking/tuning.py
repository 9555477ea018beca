"""Which hyper-parameters a method has, and the range that a study looks for them in."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from rcnas_zoo.spec.recipe import TrainingRecipe

_FACTOR = 3.0
"""Learning rates are looked for up to so many times above and below the recipe's own."""
_DECAY = 5.0
_BETAS = (1.0, 12.0)


class Tuner(Protocol):
    """Where hyper-parameters come from: a trial of a study, or settings that are known.

    Attributes:
        floors: epoch to the robust accuracy on the evaluation split below which a training is hopeless.
    """

    @property
    def floors(self) -> Mapping[int, float]:
        """See the attributes."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """A number in [low, high]; the first trial takes ``first``."""

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """A whole number in [low, high]; the first trial takes ``first``."""

    def report(self, step: int, value: float) -> bool:
        """Tells of the robust accuracy after an epoch; whether to stop."""


class Untuned:
    """What a method does where nobody tunes it."""

    floors: Mapping[int, float] = MappingProxyType({})

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """See `Tuner.suggest_float`."""
        return first

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """See `Tuner.suggest_int`."""
        return first

    def report(self, step: int, value: float) -> bool:
        """See `Tuner.report`: goes on."""
        return False


class Settled:
    """Hyper-parameters that are known already, of a trial that was held to these floors."""

    def __init__(self, parameters: Mapping[str, Any], floors: Mapping[int, float] = Untuned.floors) -> None:
        self._parameters = parameters
        self.floors = floors

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False, first: float) -> float:
        """See `Tuner.suggest_float`."""
        return float(self._parameters[name])

    def suggest_int(self, name: str, low: int, high: int, *, first: int) -> int:
        """See `Tuner.suggest_int`."""
        return int(self._parameters[name])

    def report(self, step: int, value: float) -> bool:
        """See `Tuner.report`: goes on."""
        return False


def tuned(recipe: TrainingRecipe, tuner: Tuner) -> TrainingRecipe:
    """The recipe with a learning rate and weight decay, and for TRADES and MART a beta, of the trial's.

    A recipe without weight decay stays without.
    """
    changes = {}
    for name, factor in (("learning_rate", _FACTOR), ("weight_decay", _DECAY)):
        own = getattr(recipe, name)
        if own > 0:
            changes[name] = tuner.suggest_float(name, own / factor, own * factor, log=True, first=own)
    if recipe.objective in ("trades", "mart"):
        changes["beta"] = tuner.suggest_float("beta", *_BETAS, first=recipe.beta)
    return recipe.with_changes(**changes)
