"""A table in place of training: the same questions, answered at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.oracles.table import Table
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem


@dataclass(frozen=True)
class ReplayEvaluator:
    """A `CandidateEvaluator` that looks up what it is asked.

    A network that is not in the table is answered by the nearest one: its cost, accuracy and reward. One rule for all
    methods, so that best and median are those of the table.

    Attributes:
        table: the networks.
        settings: how rewards are made.
    """

    table: Table
    settings: RewardSettings = field(default_factory=RewardSettings)

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`.

        Raises:
            InvalidInput: the table does not have the problem's attack, or a network has another number of stages.
        """
        accuracy = self.table.column(str(problem.task.attack), problem.threat)
        return [self._outcome(problem, proposal.spec, accuracy) for proposal in proposals]

    def _outcome(self, problem: SearchProblem, spec: NetworkSpec, accuracy: Tensor) -> Outcome:
        if not isinstance(spec, ResidualSpec):
            raise InvalidInput(f"a network of an oracle must be of kind 'residual', got {spec.kind!r}")
        row = self.table.row_of(spec)
        price = self.table.costs[row]
        affordable = price.macs <= problem.budget
        found = float(accuracy[row]) if affordable else 0.0
        value = reward(found, price.parameters, price.macs, problem, self.settings)
        return Outcome(value, found, price.macs, price.parameters, "trained" if affordable else "over-budget")


def rewards(table: Table, problem: SearchProblem, settings: RewardSettings | None = None) -> Tensor:
    """The rewards (rows,) of a table's networks, float64; those over the budget have -1.

    Raises:
        InvalidInput: the table does not have the problem's attack.
    """
    accuracy = table.column(str(problem.task.attack), problem.threat)
    prices = zip(accuracy.tolist(), table.costs, strict=True)
    chosen = settings or RewardSettings()
    values = [reward(found, price.parameters, price.macs, problem, chosen) for found, price in prices]
    return torch.tensor(values, dtype=torch.float64)
