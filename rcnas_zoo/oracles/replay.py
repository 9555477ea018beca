"""A table in place of training: the same questions, answered at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.oracles.table import CLEAN, Table
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
        accuracy, margins = _known(self.table, problem)
        return [self._outcome(problem, proposal.spec, accuracy, margins) for proposal in proposals]

    def _outcome(self, problem: SearchProblem, spec: NetworkSpec, accuracy: Tensor, margins: Tensor) -> Outcome:
        if not isinstance(spec, ResidualSpec):
            raise InvalidInput(f"a network of an oracle must be of kind 'residual', got {spec.kind!r}")
        row = self.table.row_of(spec)
        price = self.table.costs[row]
        affordable = price.macs <= problem.budget
        found, margin = (float(accuracy[row]), float(margins[row])) if affordable else (0.0, 0.0)
        value = reward(found, price.parameters, price.macs, problem, self.settings, margin=margin)
        status = "trained" if affordable else "over-budget"
        return Outcome(value, found, price.macs, price.parameters, status, margin=margin)


def rewards(table: Table, problem: SearchProblem, settings: RewardSettings | None = None) -> Tensor:
    """The rewards (rows,) of a table's networks, float64; those over the budget have -1.

    Raises:
        InvalidInput: the table does not have the problem's attack.
    """
    chosen = settings or RewardSettings()
    columns = (values.tolist() for values in _known(table, problem))
    values = [
        reward(found, price.parameters, price.macs, problem, chosen, margin=margin)
        for found, margin, price in zip(*columns, table.costs, strict=True)
    ]
    return torch.tensor(values, dtype=torch.float64)


def _known(table: Table, problem: SearchProblem) -> tuple[Tensor, Tensor]:
    """Accuracies and margins (rows,) of a problem's attack; margins that are not tabulated are 0."""
    attack = str(problem.task.attack)
    key = CLEAN if attack == CLEAN else str(problem.threat)
    return table.column(attack, problem.threat), table.margins.get(key, torch.zeros(len(table)))
