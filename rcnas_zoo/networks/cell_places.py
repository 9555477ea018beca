"""How a cell spec unrolls: the sizes that its module and its cost share."""

from collections.abc import Iterator
from dataclasses import dataclass

from rcnas_zoo.spec.cells import INPUTS, CellPlan, CellSpec, EdgeSpec


@dataclass(frozen=True)
class CellPlace:
    """One cell of a network.

    Attributes:
        plan: its nodes.
        inputs: channels of its two inputs, the older one first.
        channels: of each of its nodes.
        stride: of its edges from its inputs.
        older_is_larger: whether the cell before was a reduction cell, so that the older input has twice its sides.
    """

    plan: CellPlan
    inputs: tuple[int, int]
    channels: int
    stride: int
    older_is_larger: bool

    @property
    def outputs(self) -> int:
        """Channels of the cell's output."""
        return self.channels * len(self.plan.nodes)

    def stride_of(self, edge: EdgeSpec) -> int:
        """The stride of an edge: nodes have the smaller size already."""
        return self.stride if edge.source < INPUTS else 1


def stem_channels(spec: CellSpec) -> int:
    """Channels of the stem's output, both inputs of the first cell."""
    return spec.stem_multiplier * spec.channels


def cell_places(spec: CellSpec) -> Iterator[CellPlace]:
    """The cells of a network, from the first to the last."""
    older = newer = stem_channels(spec)
    channels, reduced = spec.channels, False
    for number in range(spec.layers):
        reduces = number in spec.reductions
        plan, channels = (spec.reduction, 2 * channels) if reduces else (spec.normal, channels)
        place = CellPlace(plan, (older, newer), channels, 2 if reduces else 1, reduced)
        yield place
        older, newer, reduced = newer, place.outputs, reduces


def head_channels(spec: CellSpec) -> int:
    """Channels of the last cell's output."""
    *_, last = cell_places(spec)
    return last.outputs
