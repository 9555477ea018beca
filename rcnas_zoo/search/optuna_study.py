"""Optuna's samplers as pure advisers: what they say hangs on the trials that were told and on a seed."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.search.space import WIDTH_STEP
from rcnas_zoo.spec.residual import BLOCKS, StageSpec

Params = Mapping[str, Any]
_STRIDES = (1, 2)


@dataclass(frozen=True)
class SamplerKind:
    """One of Optuna's ways to search.

    Attributes:
        directions: ``maximize`` or ``minimize`` for each value of a trial.
        start_up: trials that must be told before the sampler knows more than chance.
        sampler: (the module optuna, seed) to the sampler that proposes.
        clerk: (the module optuna) to a quick sampler that does the sampler's bookkeeping as trials are told.
    """

    directions: tuple[str, ...]
    start_up: int
    sampler: Callable[[Any, int], Any]
    clerk: Callable[[Any], Any]


class Advice:
    """A study of the compressions of a network.

    A sampler has random choices and, in some versions, memories of its own. So that a restored search goes on
    exactly, each proposal gets a new sampler, which knows the told trials and its seed alone.
    """

    def __init__(self, kind: SamplerKind, whole: Sequence[StageSpec]) -> None:
        self._kind = kind
        with _quiet() as optuna:
            self._distributions = _distributions(optuna.distributions, whole)
            self._study = optuna.create_study(directions=kind.directions)

    def tell(self, stages: Sequence[StageSpec], values: Sequence[float]) -> None:
        """Add a network with a value for each direction."""
        with _quiet() as optuna:
            self._study.sampler = self._kind.clerk(optuna)
            self._study.enqueue_trial(self._params(stages))
            self._study.tell(self._study.ask(self._distributions), list(values))

    def ask(self, seed: int) -> tuple[StageSpec, ...]:
        """What the sampler would try next; the study stays as it is."""
        with _quiet() as optuna:
            self._study.sampler = self._kind.sampler(optuna, seed)
            trial = self._study.ask(self._distributions)
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return _stages(trial.params)

    def _params(self, stages: Sequence[StageSpec]) -> Params:
        """The parameters of a network; what is larger than the whole counts as large as that."""
        params: dict[str, Any] = {}
        for index, stage in enumerate(stages):
            width, depth = self._distributions[f"width{index}"], self._distributions[f"depth{index}"]
            params[f"width{index}"] = min(width.high, max(1, stage.width // WIDTH_STEP))
            params[f"depth{index}"] = min(depth.high, stage.depth)
            params[f"stride{index}"] = stage.stride
            params[f"block{index}"] = stage.block
        return params


def _distributions(optuna: Any, whole: Sequence[StageSpec]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, stage in enumerate(whole):
        found[f"width{index}"] = optuna.IntDistribution(1, max(1, stage.width // WIDTH_STEP))
        found[f"depth{index}"] = optuna.IntDistribution(1, stage.depth)
        found[f"stride{index}"] = optuna.CategoricalDistribution(_STRIDES)
        found[f"block{index}"] = optuna.CategoricalDistribution(BLOCKS)
    return found


def _stages(params: Params) -> tuple[StageSpec, ...]:
    return tuple(
        StageSpec(
            depth=params[f"depth{index}"],
            width=WIDTH_STEP * params[f"width{index}"],
            stride=params[f"stride{index}"],
            block=params[f"block{index}"],
        )
        for index in range(len(params) // 4)
    )


@contextmanager
def _quiet() -> Iterator[Any]:
    """The library, imported only now, which tells of nothing but trouble meanwhile."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(verbosity)
