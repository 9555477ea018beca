"""Optuna's TPE and NSGA-II as searchers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.history import History, Trial
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.listed import winners_in
from rcnas_zoo.search.optuna_study import Advice, SamplerKind
from rcnas_zoo.search.picky_tpe import picky_tpe
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem

START_UP = 6
POPULATION = 8
TRIES = 8


class OptunaSearcher:
    """Proposes what a sampler of Optuna asks for; until it knows enough, networks of a list and then random ones.

    A network over the budget or visited before is thrown away and the sampler asked again, ``TRIES`` times in all.
    Then a random network stands in. The sampler is told the network that was visited, which in the space of a table
    need not be the one that it asked for.

    Of the 24 networks that TPE draws at a time (Optuna's default) it takes the most promising of those that are new
    and within the budget: near the end the most promising of all is mostly one that was visited before.

    Args:
        kind: the sampler. With one direction it is told the reward, with two the reward and the MACs.
        feasible: the space and the budget.
        seed: seed of every random choice.
        first: networks of the space to begin with, in place of as many random ones.
    """

    def __init__(self, kind: SamplerKind, feasible: Feasible, seed: int, first: Sequence[ResidualSpec] = ()) -> None:
        self._kind = kind
        self._feasible = feasible
        self._first = [spec for spec in first if spec in feasible][: kind.start_up]
        self._generator = torch.Generator().manual_seed(seed)
        self._ledger = Ledger()
        self._history = History(feasible.space)
        self._advice = self._new_advice()

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`."""
        return [self._ledger.add(self._choose()) for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`."""
        self._tell(self._history.add(proposal, outcome))

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`; Optuna's study is made anew from the trials."""
        return {
            "generator": self._generator.get_state(),
            "seen": self._ledger.state(),
            **self._history.state(),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Searcher.restore`."""
        self._generator.set_state(state["generator"])
        self._ledger.restore(state["seen"])
        self._history.restore(state)
        self._advice = self._new_advice()
        for trial in self._history.trials:
            self._tell(trial)

    def _new_advice(self) -> Advice:
        return Advice(self._kind, self._feasible.space.teacher.stages)

    def _tell(self, trial: Trial) -> None:
        values = (trial.reward, float(cost(trial.spec).macs))
        self._advice.tell(trial.spec.stages, values[: len(self._kind.directions)])

    def _choose(self) -> ResidualSpec:
        for spec in self._first:
            if spec not in self._ledger:
                return spec
        advised = self._ask() if len(self._history) >= self._kind.start_up else None
        return advised or self._feasible.draw(self._generator, self._ledger)

    def _ask(self) -> ResidualSpec | None:
        seed = int(torch.randint(2**31, (1,), generator=self._generator))
        feasible, fit = self._feasible, self._feasible.space.fit
        stages = self._advice.ask(seed, TRIES, lambda asked: feasible.is_new(fit(asked), self._ledger))
        return fit(stages) if stages else None


def _tpe(optuna: Any, seed: int, wanted: Callable[[Mapping[str, Any]], bool]) -> Any:
    return picky_tpe(optuna)(wanted, n_startup_trials=START_UP, multivariate=True, constant_liar=False, seed=seed)


def _nsga2(optuna: Any, seed: int, wanted: Callable[[Mapping[str, Any]], bool]) -> Any:
    return optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed)


TPE = SamplerKind(("maximize",), START_UP, _tpe, keeps_books=False)
NSGA2 = SamplerKind(("maximize", "minimize"), POPULATION, _nsga2, keeps_books=True)


def tpe(problem: SearchProblem, given: Given) -> OptunaSearcher:
    """The tree-structured Parzen estimator, multivariate (Bergstra et al. 2011; Falkner et al. 2018), on the reward.

    Raises:
        InvalidInput: no network of the space meets the budget.
    """
    return OptunaSearcher(TPE, Feasible.within(given.space, problem.budget), given.seed)


def warm_tpe(problem: SearchProblem, given: Given) -> OptunaSearcher:
    """TPE that begins with the first networks of the portfolio in place of random ones.

    Raises:
        InvalidInput: no network of the space meets the budget, or no evaluations of a meta-training were given.
    """
    feasible = Feasible.within(given.space, problem.budget)
    winners = winners_in(given.space, given.require_experience("tpe-warm"))
    return OptunaSearcher(TPE, feasible, given.seed, winners)


def nsga2(problem: SearchProblem, given: Given) -> OptunaSearcher:
    """NSGA-II (Deb et al. 2002) with generations of ``POPULATION``, for more reward and fewer MACs.

    Raises:
        InvalidInput: no network of the space meets the budget.
    """
    return OptunaSearcher(NSGA2, Feasible.within(given.space, problem.budget), given.seed)
