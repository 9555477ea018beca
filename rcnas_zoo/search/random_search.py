"""Random search: networks drawn uniformly from those within the budget."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rcnas_zoo.search.feasible import Feasible
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.search import Outcome, Proposal


class RandomSearcher:
    """Proposes networks that are within the budget and, as far as some draws find one, new.

    Raises:
        InvalidInput: not even the smallest network of the space meets the budget.
    """

    def __init__(self, space: ResidualSpace, budget: int, seed: int) -> None:
        self._feasible = Feasible.within(space, budget)
        self._generator = torch.Generator().manual_seed(seed)
        self._ledger = Ledger()

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`."""
        return [self._ledger.add(self._feasible.draw(self._generator, self._ledger)) for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`; chance learns nothing."""

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`."""
        return {"generator": self._generator.get_state(), "seen": self._ledger.state()}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Searcher.restore`."""
        self._generator.set_state(state["generator"])
        self._ledger.restore(state["seen"])
