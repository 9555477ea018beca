"""Search by the surrogate alone: what reinforcement learning has to beat."""

from collections.abc import Mapping

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.ledger import Ledger
from rcnas_zoo.search.rcnas.tensors import prefixed, under
from rcnas_zoo.search.surrogate.ranker import SurrogateRanker, prior_of
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem

_ROUNDS = 20


class SurrogateSearcher:
    """Proposes, of many networks drawn uniformly, the one that a Bayesian linear model promises most of.

    The model is fitted on the evaluations of a meta-training before the first proposal, and updated by every outcome.

    Raises:
        InvalidInput: no network of the space meets the budget, or no evaluations of a meta-training were given.
    """

    def __init__(self, problem: SearchProblem, given: Given) -> None:
        self._smallest = given.space.require_budget(problem.budget)
        experience = given.require_experience("surrogate")
        self._space = given.space
        self._budget = problem.budget
        self._generator = torch.Generator().manual_seed(given.seed)
        self._ledger = Ledger()
        prior = prior_of(experience, given.space.teacher)
        self._ranker = SurrogateRanker(problem, prior, given.reward, given.evaluations)

    def propose(self, count: int) -> list[Proposal]:
        """See `Searcher.propose`."""
        return [self._ledger.add(self._choose()) for _ in range(count)]

    def observe(self, proposal: Proposal, outcome: Outcome) -> None:
        """See `Searcher.observe`."""
        assert isinstance(proposal.spec, ResidualSpec)
        self._ranker.observe(proposal.spec, outcome)

    def state(self) -> dict[str, Tensor]:
        """See `Searcher.state`."""
        own = {"generator": self._generator.get_state(), "seen": self._ledger.state()}
        return {**own, **prefixed("ranker", self._ranker.state())}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """See `Searcher.restore`."""
        self._generator.set_state(state["generator"])
        self._ledger.restore(state["seen"])
        self._ranker.restore(under("ranker", state))

    def _choose(self) -> ResidualSpec:
        for _ in range(_ROUNDS):
            drawn = dict.fromkeys(self._space.draws(self._ranker.candidates, self._generator))
            fit = [spec for spec in drawn if cost(spec).macs <= self._budget and spec not in self._ledger]
            if fit:
                return fit[self._ranker.best(fit)]
        return self._smallest
