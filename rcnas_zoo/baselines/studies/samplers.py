"""Who proposes the settings of a trial: Optuna's samplers, by name."""

from collections.abc import Callable
from typing import Any

START_UP = 6
"""Trials at random before TPE knows more: as in its search of networks, for a study rarely has more than tens."""

POPULATION = 8


def _tpe(optuna: Any, seed: int) -> Any:
    return optuna.samplers.TPESampler(n_startup_trials=START_UP, multivariate=True, group=True, seed=seed)


def _random(optuna: Any, seed: int) -> Any:
    return optuna.samplers.RandomSampler(seed=seed)


def _nsga2(optuna: Any, seed: int) -> Any:
    return optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)


SAMPLERS: dict[str, Callable[[Any, int], Any]] = {"tpe": _tpe, "random": _random, "nsga2": _nsga2}
"""Name to (the module optuna, seed) -> a sampler.

``tpe``: the tree-structured Parzen estimator, multivariate (Bergstra et al. 2011; Falkner et al. 2018), for settings
that depend on others by groups. ``nsga2``: Deb et al. (2002), for several directions.
"""
