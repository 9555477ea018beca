"""Regularised evolution (Real et al., AAAI 2019): the winner of a small tournament is mutated, the oldest dies."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.history import History, Trial
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.mutation import mutated
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal

POPULATION = 8
CONTESTANTS = 6
TRIES = 50


class EvolutionSearcher:
    """Proposes mutants of good networks among the last ``POPULATION`` that were told; before so many, random ones.

    The paper has 100 networks of which 25 contend. So many would never be told within the few dozen evaluations that
    adversarial training allows, hence 8 and 6: within 30 evaluations fewer contenders found less, most of all 2. The
    paper evaluates any mutant; here one over the budget is thrown away, and
    one visited before is mutated once more, ``TRIES`` times in all. Then a random network stands in.

    Raises:
        InvalidInput: not even the smallest network of the space meets the budget.
    """

    def __init__(self, space: ResidualSpace, budget: int, seed: int) -> None:
        self._feasible = Feasible.within(space, budget)
        self._generator = torch.Generator().manual_seed(seed)
        self._ledger = Ledger()
        self._history = History(space)

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`; a mutant's proposal names its parent."""
        return [self._propose() for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`; networks are as old as their outcomes."""
        self._history.add(proposal, outcome)

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`."""
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

    def _propose(self) -> Proposal:
        if len(self._history) >= POPULATION:
            parent = self._parent()
            child = self._child(parent.spec)
            if child is not None:
                return self._ledger.add(child, parent=parent.id)
        return self._ledger.add(self._feasible.draw(self._generator, self._ledger))

    def _parent(self) -> Trial:
        order: list[int] = torch.randperm(POPULATION, generator=self._generator).tolist()
        population = self._history.trials[-POPULATION:]
        return max((population[index] for index in order[:CONTESTANTS]), key=lambda trial: trial.reward)

    def _child(self, parent: ResidualSpec) -> ResidualSpec | None:
        space, stages = self._feasible.space, parent.stages
        for _ in range(TRIES):
            stages = mutated(stages, space.teacher.stages, self._generator)
            child = space.fit(stages)
            if self._feasible.is_new(child, self._ledger):
                return child
            if child not in self._feasible:
                stages = parent.stages
        return None
