"""What a searcher was told: networks with their rewards, in the order they came."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rcnas_zoo.oracles.table import stage_numbers, stages_of
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import Outcome, Proposal


@dataclass(frozen=True)
class Trial:
    """A network that was proposed under a number, and its reward."""

    id: int
    spec: ResidualSpec
    reward: float


class History:
    """The trials of one search of a space."""

    def __init__(self, space: ResidualSpace) -> None:
        self._space = space
        self.trials: list[Trial] = []

    def __len__(self) -> int:
        return len(self.trials)

    def add(self, proposal: Proposal, outcome: Outcome) -> Trial:
        """Keep what came of a proposal.

        Raises:
            InvalidInput: the network is not a residual one.
        """
        spec = ResidualSpace.of(proposal.spec).teacher
        self.trials.append(Trial(proposal.id, spec, outcome.reward))
        return self.trials[-1]

    def state(self) -> dict[str, Tensor]:
        """``history.ids`` int64 (n,), ``history.stages`` int64 (n, stages, 4), ``history.rewards`` float64 (n,)."""
        count = len(self._space.teacher.stages)
        return {
            "history.ids": torch.tensor([trial.id for trial in self.trials], dtype=torch.int64),
            "history.stages": stage_numbers([trial.spec.stages for trial in self.trials]).reshape(-1, count, 4),
            "history.rewards": torch.tensor([trial.reward for trial in self.trials], dtype=torch.float64),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        columns = zip(
            state["history.ids"].tolist(), state["history.stages"], state["history.rewards"].tolist(), strict=True
        )
        self.trials = [
            Trial(number, replace(self._space.teacher, stages=stages_of(row)), value) for number, row, value in columns
        ]
