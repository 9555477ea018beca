"""A table in place of training: the same questions, answered at once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.networks.cost import Cost
from rcnas_zoo.oracles.table import CLEAN, Table
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal, SearchProblem


@dataclass(frozen=True)
class TableEvaluator(ABC):
    """A `CandidateEvaluator` that trains nothing.

    Attributes:
        table: the networks.
        settings: how rewards are made.
    """

    table: Table
    settings: RewardSettings = field(default_factory=RewardSettings)

    def evaluate(self, problem: SearchProblem, proposals: Sequence[Proposal], observer: Observer) -> list[Outcome]:
        """See `CandidateEvaluator.evaluate`.

        Raises:
            InvalidInput: the table does not have the problem's attack, or a network is of another kind or has another
                number of stages.
        """
        return [self.outcome(problem, _residual(proposal.spec)) for proposal in proposals]

    @abstractmethod
    def outcome(self, problem: SearchProblem, spec: ResidualSpec) -> Outcome:
        """What is answered for a network."""


class ReplayEvaluator(TableEvaluator):
    """Answers for a network that is not in the table by the nearest one: its cost, accuracy and reward.

    One rule for all methods, so that best and median are those of the table.
    """

    def outcome(self, problem: SearchProblem, spec: ResidualSpec) -> Outcome:
        """See `TableEvaluator.outcome`."""
        row = self.table.row_of(spec)
        accuracy, margin = (float(column[row]) for column in known(self.table, problem))
        return judged(problem, self.table.costs[row], accuracy, margin, self.settings)


def rewards(table: Table, problem: SearchProblem, settings: RewardSettings | None = None) -> Tensor:
    """The rewards (rows,) of a table's networks, float64; those over the budget have -1.

    Raises:
        InvalidInput: the table does not have the problem's attack.
    """
    chosen = settings or RewardSettings()
    columns = (values.tolist() for values in known(table, problem))
    values = [
        reward(found, price.parameters, price.macs, problem, chosen, margin=margin)
        for found, margin, price in zip(*columns, table.costs, strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


def known(table: Table, problem: SearchProblem) -> tuple[Tensor, Tensor]:
    """Accuracies and margins (rows,) of a problem's attack; margins that are not tabulated are 0.

    Raises:
        InvalidInput: the table does not have the problem's attack.
    """
    attack = str(problem.task.attack)
    key = CLEAN if attack == CLEAN else str(problem.threat)
    return table.column(attack, problem.threat), table.margins.get(key, torch.zeros(len(table)))


def _residual(spec: NetworkSpec) -> ResidualSpec:
    if not isinstance(spec, ResidualSpec):
        raise InvalidInput(f"a network of an oracle must be of kind 'residual', got {spec.kind!r}")
    return spec


def judged(problem: SearchProblem, price: Cost, accuracy: float, margin: float, settings: RewardSettings) -> Outcome:
    """The outcome of a network of this cost, accuracy and margin; one over the budget was never trained."""
    affordable = price.macs <= problem.budget
    found, decided = (accuracy, margin) if affordable else (0.0, 0.0)
    value = reward(found, price.parameters, price.macs, problem, settings, margin=decided)
    status = "trained" if affordable else "over-budget"
    return Outcome(value, found, price.macs, price.parameters, status, margin=decided)
