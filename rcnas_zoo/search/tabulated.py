"""The space of a table: whatever is asked for, the nearest tabulated network is what one gets."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.oracles.table import Table, stage_numbers
from rcnas_zoo.search.space import ResidualSpace, StageAction
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec


@dataclass(frozen=True, eq=False)
class TabulatedSpace(ResidualSpace):
    """The networks of a table; ratios are shares of the table's grid, whatever the teacher of the task is.

    All methods search it by the same rule: an action means the row that is nearest to what it would make of the grid.
    """

    table: Table

    @classmethod
    def on(cls, table: Table) -> "TabulatedSpace":
        """The space of a table."""
        return cls(table.grid, table)

    def decode_many(self, actions: Tensor) -> list[ResidualSpec]:
        """See `ResidualSpace.decode_many`."""
        return [self.table.specs[row] for row in self.table.nearest(self.numbers(actions)).tolist()]

    def fit(self, stages: Sequence[StageSpec]) -> ResidualSpec:
        """See `ResidualSpace.fit`."""
        if len(stages) != len(self.teacher.stages):
            raise InvalidInput(f"a network must have {len(self.teacher.stages)} stages to fit here, got {len(stages)}")
        return self.table.specs[int(self.table.nearest(stage_numbers([stages]))[0])]

    def draw(self, generator: torch.Generator) -> ResidualSpec:
        """See `ResidualSpace.draw`: each row is as likely as any other."""
        return self.table.specs[int(torch.randint(len(self.table), (1,), generator=generator))]

    def draws(self, count: int, generator: torch.Generator) -> list[ResidualSpec]:
        """See `ResidualSpace.draws`."""
        return [self.table.specs[row] for row in torch.randint(len(self.table), (count,), generator=generator)]

    def sample(self, generator: torch.Generator) -> tuple[StageAction, ...]:
        """See `ResidualSpace.sample`."""
        return self.encode(self.draw(generator))

    def smallest(self) -> ResidualSpec:
        """See `ResidualSpace.smallest`."""
        return self.table.specs[int(self.table.macs.argmin())]
