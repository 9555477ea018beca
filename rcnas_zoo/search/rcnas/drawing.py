"""How an agent comes from a distribution of actions to one network: draws over the budget are drawn again."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.policy import ActionDistribution, ratios, stage_actions
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.residual import ResidualSpec


class Ranker(Protocol):
    """Something that has an opinion on networks which nobody has tried yet."""

    candidates: int

    def best(self, specs: Sequence[ResidualSpec]) -> int:
        """Which of the networks, by number, is worth trying."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """An action (stages, 4), the network that it means, and a note on what could not be applied."""

    action: Tensor
    spec: ResidualSpec
    note: str = ""


@dataclass(frozen=True)
class Filter:
    """What a draw is held against.

    MACs are known before training, so a draw over the budget, or of a network visited before, is thrown away and
    drawn again, at most ``settings.tries`` times; then the best draw counts, within the budget before new. The
    likelihood is not corrected for the draws thrown away.
    """

    space: ResidualSpace
    budget: int
    settings: RcnasSettings
    seen: Container[NetworkSpec]

    def rank(self, spec: ResidualSpec) -> tuple[bool, bool]:
        """Whether a network is within the budget, and whether it is new; True where that is not asked."""
        affordable = not self.settings.cost_filter or cost(spec).macs <= self.budget
        new = not self.settings.avoid_repeats or spec not in self.seen
        return affordable, new

    @torch.no_grad()
    def choose(self, distribution: ActionDistribution, generator: torch.Generator, mode_first: bool = False) -> Drawn:
        """The first draw that is within the budget and new, or the best of all tries.

        Args:
            distribution: what is drawn from.
            generator: source of the draws.
            mode_first: try the distribution's mode before any draw.
        """
        best, best_rank = None, (False, False)
        for action in self._actions(distribution, generator, mode_first):
            drawn = Drawn(action, *self.space.decode(stage_actions(action)))
            rank = self.rank(drawn.spec)
            if best is None or rank > best_rank:
                best, best_rank = drawn, rank
            if all(rank):
                break
        assert best is not None
        return best

    @torch.no_grad()
    def choose_ranked(
        self, distribution: ActionDistribution, generator: torch.Generator, ranker: Ranker, mode_first: bool = False
    ) -> Drawn:
        """Of many draws that are within the budget and new, the one that a ranker likes best; else as `choose`."""
        actions = distribution.samples(ranker.candidates, generator)
        if mode_first:
            actions = torch.cat([distribution.mode()[None], actions])
        specs = self.space.decode_many(ratios(actions))
        fit = [number for number, spec in enumerate(specs) if all(self.rank(spec))]
        if not fit:
            return self.choose(distribution, generator, mode_first)
        best = fit[ranker.best([specs[number] for number in fit])]
        return Drawn(actions[best], *self.space.decode(stage_actions(actions[best])))

    def _actions(
        self, distribution: ActionDistribution, generator: torch.Generator, mode_first: bool
    ) -> Iterator[Tensor]:
        if mode_first:
            yield distribution.mode()
        for _ in range(self.settings.tries):
            yield distribution.sample(generator)
