"""Optuna's samplers as pure advisers: what they say hangs on the trials that were told and on a seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.search.space import WIDTH_STEP
from rcnas_zoo.spec.quiet_optuna import quiet_optuna
from rcnas_zoo.spec.residual import BLOCKS, StageSpec

Stages = tuple[StageSpec, ...]
Params = Mapping[str, Any]
_STRIDES = (1, 2)


@dataclass(frozen=True)
class SamplerKind:
    """One of Optuna's ways to search.

    Attributes:
        directions: ``maximize`` or ``minimize`` for each value of a trial.
        start_up: trials that must be told before the sampler knows more than chance.
        sampler: (the module optuna, seed, which networks are wanted) to the sampler that proposes. It may leave it to
            whoever asks to find out whether a network is wanted.
        keeps_books: whether the sampler must itself be asked for a trial to know what it is later; NSGA-II notes
            generations so.
    """

    directions: tuple[str, ...]
    start_up: int
    sampler: Callable[[Any, int, Callable[[Params], bool]], Any]
    keeps_books: bool


class Advice:
    """A study of the compressions of a network.

    A sampler has random choices and, in some versions, memories of its own. So that a restored search goes on
    exactly, each proposal gets a new sampler, which knows the told trials and its seed alone.
    """

    def __init__(self, kind: SamplerKind, whole: Sequence[StageSpec]) -> None:
        self._kind = kind
        self._whole = tuple(whole)
        with quiet_optuna() as optuna:
            self._distributions = _distributions(optuna.distributions, whole)
            self._study = optuna.create_study(directions=kind.directions)
        self._open = {name: one for name, one in self._distributions.items() if not one.single()}

    def tell(self, stages: Sequence[StageSpec], values: Sequence[float]) -> None:
        """Add a network with a value for each direction."""
        params = self._params(stages)
        with quiet_optuna() as optuna:
            if self._kind.keeps_books:
                self._note(optuna, params, values)
            else:
                trial = optuna.trial.create_trial(params=params, distributions=self._distributions, values=values)
                self._study.add_trial(trial)

    def ask(self, seed: int, tries: int, wanted: Callable[[Stages], bool]) -> Stages | None:
        """The first wanted network of so many that the sampler would try next, if any; nothing counts as told.

        The sampler's own methods are called, those that Optuna documents for who writes one: to ask the study again
        and again takes twice the time.
        """
        with quiet_optuna() as optuna:
            self._study.sampler = self._kind.sampler(optuna, seed, lambda params: wanted(self._stages(params)))
            asked = self._study.ask()
            trial = self._trial(asked)
            sampled = (self._sampled(trial) for _ in range(tries))
            found = next((stages for stages in sampled if wanted(stages)), None)
            self._study.tell(asked, state=optuna.trial.TrialState.FAIL)
        return found

    def _note(self, optuna: Any, params: Params, values: Sequence[float]) -> None:
        sampler = self._study.sampler = self._kind.sampler(optuna, 0, lambda _: True)
        self._study.enqueue_trial(params)
        asked = self._study.ask(self._distributions)
        # Optuna does not ask a sampler for what is in the queue.
        sampler.sample_relative(self._study, self._trial(asked), self._open)
        self._study.tell(asked, list(values))

    def _trial(self, asked: Any) -> Any:
        return self._study.get_trials(deepcopy=False)[asked.number]

    def _sampled(self, trial: Any) -> Stages:
        sampler = self._study.sampler
        params = sampler.sample_relative(self._study, trial, self._open)
        for name, distribution in self._open.items():
            if name not in params:
                params[name] = sampler.sample_independent(self._study, trial, name, distribution)
        return self._stages(params)

    def _stages(self, params: Params) -> Stages:
        """The network of some parameters; of those that have one value only, none need be there."""
        single = {name: one for name, one in self._distributions.items() if name not in params}
        return _stages({**params, **{name: one.low for name, one in single.items()}})

    def _params(self, stages: Sequence[StageSpec]) -> Params:
        """The parameters of a network; what is larger than the whole counts as large as that."""
        params: dict[str, Any] = {}
        for index, (stage, whole) in enumerate(zip(stages, self._whole, strict=True)):
            params[f"width{index}"] = max(1, min(whole.width, stage.width) // WIDTH_STEP)
            params[f"depth{index}"] = min(whole.depth, stage.depth)
            params[f"stride{index}"] = stage.stride
            params[f"block{index}"] = stage.block
        return params


def _distributions(optuna: Any, whole: Sequence[StageSpec]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, stage in enumerate(whole):
        found[f"width{index}"] = optuna.IntDistribution(1, max(1, stage.width // WIDTH_STEP))
        found[f"depth{index}"] = _depths(optuna, stage.depth)
        found[f"stride{index}"] = optuna.CategoricalDistribution(_STRIDES)
        found[f"block{index}"] = optuna.CategoricalDistribution(BLOCKS)
    return found


def _depths(optuna: Any, most: int) -> Any:
    """Two depths have no order to learn, and a choice takes TPE less time than a number."""
    return optuna.CategoricalDistribution((1, 2)) if most == 2 else optuna.IntDistribution(1, most)


def _stages(params: Params) -> Stages:
    return tuple(
        StageSpec(
            depth=params[f"depth{index}"],
            width=WIDTH_STEP * params[f"width{index}"],
            stride=params[f"stride{index}"],
            block=params[f"block{index}"],
        )
        for index in range(len(params) // 4)
    )
