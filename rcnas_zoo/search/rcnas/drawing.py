"""How an agent comes from a distribution of actions to one network: draws over the budget are drawn again."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.policy import ActionDistribution, meaning, ratios, stage_actions
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
    """An action and its network.

    Attributes:
        action: shape (stages, 4).
        spec: the network that it means.
        note: on what could not be applied.
        own: whether the policy drew it. What was drawn uniformly says nothing of the policy's gradient.
    """

    action: Tensor
    spec: ResidualSpec
    note: str = ""
    own: bool = True


@dataclass(frozen=True)
class Filter:
    """What a draw is held against.

    MACs are known before training, so a draw over the budget, or of a network visited before, is thrown away and
    drawn again, at most ``settings.tries`` times; then the best draw counts, within the budget before new. The
    likelihood is not corrected for the draws thrown away, nor for a ranker's choice among the policy's draws.
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
        """The first draw that is within the budget and new.

        If none of ``settings.tries`` is, the space draws as often: a policy that has drifted beyond the budget would
        otherwise be told of nothing but penalties, all alike. If that fails too, the best of all counts.

        Args:
            distribution: what is drawn from.
            generator: source of the draws.
            mode_first: try the distribution's mode before any draw.
        """
        best, best_rank = None, (False, False)
        for drawn in self._draws(distribution, generator, mode_first):
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
        """Of many networks that are within the budget and new, the one that a ranker likes best; else as `choose`.

        Half of them are the policy's draws, half are drawn uniformly: a policy that has narrowed its view must not keep
        from the ranker what it would like better.
        """
        actions = distribution.samples(ranker.candidates // 2, generator)
        if mode_first:
            actions = torch.cat([distribution.mode()[None], actions])
        drawn = self.space.decode_many(ratios(actions))
        specs = [*drawn, *self.space.draws(ranker.candidates // 2, generator)]
        first: dict[ResidualSpec, int] = {}
        for number, spec in enumerate(specs):
            first.setdefault(spec, number)
        fit = [number for spec, number in first.items() if all(self.rank(spec))]
        if not fit:
            return self.choose(distribution, generator, mode_first)
        best = fit[ranker.best([specs[number] for number in fit])]
        if best < len(drawn):
            return Drawn(actions[best], specs[best])
        return self._foreign(specs[best])

    def _draws(self, distribution: ActionDistribution, generator: torch.Generator, mode_first: bool) -> Iterator[Drawn]:
        actions = [distribution.mode()] if mode_first else []
        for number in range(self.settings.tries):
            action = actions[number] if number < len(actions) else distribution.sample(generator)
            yield Drawn(action, *self.space.decode(stage_actions(action)))
        for _ in range(self.settings.tries):
            yield self._foreign(self.space.draw(generator))

    def _foreign(self, spec: ResidualSpec) -> Drawn:
        return Drawn(meaning(self.space.asking_for(spec.stages)), spec, own=False)
