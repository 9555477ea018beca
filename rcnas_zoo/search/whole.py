"""The whole space of a teacher for those who ask for networks by the hundred thousand."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product

import torch
from torch import Tensor

from rcnas_zoo.oracles.table import stages_of
from rcnas_zoo.search.space import WIDTH_STEP, ResidualSpace
from rcnas_zoo.spec.residual import BLOCKS, ResidualSpec

_Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class WholeSpace(ResidualSpace):
    """A `ResidualSpace` that draws many networks at once and makes each of them once.

    The networks and their chances are the same; only which of them a seed draws is not, so searches with real training
    keep to the other.
    """

    def decode_many(self, actions: Tensor) -> list[ResidualSpec]:
        """See `ResidualSpace.decode_many`."""
        return self._networks(self.numbers(actions))

    def draw(self, generator: torch.Generator) -> ResidualSpec:
        """See `ResidualSpace.draw`."""
        return self.draws(1, generator)[0]

    def draws(self, count: int, generator: torch.Generator) -> list[ResidualSpec]:
        """See `ResidualSpace.draws`."""
        shape = (count, len(self.teacher.stages))
        shares = torch.rand((3, *shape), generator=generator, dtype=torch.float64)
        depth, width, robust = (shares * self._choices[:, None]).long().unbind(0)
        pattern = torch.randint(len(self._strides), (count,), generator=generator)
        numbers = [1 + depth, WIDTH_STEP * (1 + width), self._strides[pattern], robust]
        return self._networks(torch.stack(numbers, dim=-1))

    @cached_property
    def _choices(self) -> Tensor:
        """How many depths, widths and blocks each stage has, (3, stages)."""
        stages = self.teacher.stages
        widths = [max(1, stage.width // WIDTH_STEP) for stage in stages]
        return torch.tensor([[stage.depth for stage in stages], widths, [len(BLOCKS)] * len(stages)])

    @cached_property
    def _strides(self) -> Tensor:
        """The strides of the stages in all ways that are allowed, (ways, stages)."""
        ways = product((1, 2), repeat=len(self.teacher.stages))
        return torch.tensor([way for way in ways if way.count(2) <= self.downsamplings])

    def _networks(self, numbers: Tensor) -> list[ResidualSpec]:
        return [_network(self.teacher, tuple(map(tuple, rows))) for rows in numbers.tolist()]


@lru_cache(maxsize=1 << 16)
def _network(teacher: ResidualSpec, rows: _Rows) -> ResidualSpec:
    return replace(teacher, stages=stages_of(torch.tensor(rows)))
