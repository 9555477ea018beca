"""The networks of a space that a budget allows; the same filter for every method."""

from dataclasses import dataclass

import torch

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec

TRIES = 1000


@dataclass(frozen=True)
class Feasible:
    """What a space holds within a budget; costs are known before anything is trained.

    Attributes:
        space: the networks to choose from.
        budget: MACs of one image that a network may cost.
        smallest: the network of the space with the fewest MACs; it meets the budget.
    """

    space: ResidualSpace
    budget: int
    smallest: ResidualSpec

    @classmethod
    def within(cls, space: ResidualSpace, budget: int) -> "Feasible":
        """What of the space meets the budget.

        Raises:
            InvalidInput: not even the smallest network of the space does.
        """
        return cls(space, budget, space.require_budget(budget))

    def __contains__(self, spec: NetworkSpec) -> bool:
        return cost(spec).macs <= self.budget

    def is_new(self, spec: NetworkSpec, visited: Ledger) -> bool:
        """Whether a network meets the budget and was not proposed before."""
        return spec in self and spec not in visited

    def draw(self, generator: torch.Generator, visited: Ledger) -> ResidualSpec:
        """A network drawn uniformly from those that are new, as far as ``TRIES`` draws find one.

        Else one that was visited before, so that a search of a small space comes to an end.
        """
        affordable = self.smallest
        for _ in range(TRIES):
            spec = self.space.draw(generator)
            if spec in self:
                affordable = spec
                if spec not in visited:
                    break
        return affordable
