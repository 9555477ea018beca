"""A table: many networks of one space, each trained once and attacked in several ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.networks.cost import Cost, cost
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.errors import InvalidInput, unknown_choice
from rcnas_zoo.spec.residual import BLOCKS, ResidualSpec, StageSpec
from rcnas_zoo.spec.threat import ThreatModel

CLEAN = "clean"


def column_name(attack: str, threat: ThreatModel) -> str:
    """The column of an attack: ``clean``, or attack and threat as in ``pgd-20 linf@1/5``."""
    return CLEAN if attack == CLEAN else f"{attack} {threat}"


def is_column(name: str) -> bool:
    """Whether a text is what `column_name` gives for some attack and threat."""
    attack, _, threat = name.partition(" ")
    try:
        return name == CLEAN or name == column_name(str(AttackName.parse(attack)), ThreatModel.parse(threat))
    except InvalidInput:
        return False


@dataclass(frozen=True, eq=False)
class TableTeacher:
    """A network to compress, trained and attacked like those of the table.

    Attributes:
        spec: its architecture; it need not lie in the table's space.
        accuracy: column to accuracy in [0, 1].
        lips: column to the 7 Lipschitz statistics (RC-NAS Eq. 1).
    """

    spec: ResidualSpec
    accuracy: Mapping[str, float]
    lips: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Table:
    """What is known of each network.

    Attributes:
        name: what the table is called.
        dataset: the data set that the networks were trained on.
        grid: the network whose compressions the rows are.
        stages: int64 (rows, stages, 4): depth, width, stride and robust bit of each stage of each network.
        accuracy: column to accuracy in [0, 1], float64 (rows,); NaN where it was not measured.
        samples: column to the number of images.
        margins: threat, or ``clean``, to the mean margin (rows,) of the networks in [-1, 1]; may be empty.
        teachers: name to teacher.
        verdicts: column to bool (rows, images): is the image still classified rightly; may be empty.
        provenance: how it was made, plain JSON data.
    """

    name: str
    dataset: str
    grid: ResidualSpec
    stages: Tensor
    accuracy: Mapping[str, Tensor]
    samples: Mapping[str, int]
    margins: Mapping[str, Tensor]
    teachers: Mapping[str, TableTeacher]
    verdicts: Mapping[str, Tensor] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.stages)

    @cached_property
    def specs(self) -> tuple[ResidualSpec, ...]:
        """The networks, row by row."""
        return tuple(replace(self.grid, stages=stages_of(row)) for row in self.stages)

    @cached_property
    def costs(self) -> tuple[Cost, ...]:
        """What the networks cost, row by row."""
        return tuple(cost(spec) for spec in self.specs)

    @cached_property
    def macs(self) -> Tensor:
        """MACs of one image, int64 (rows,)."""
        return torch.tensor([price.macs for price in self.costs])

    def column(self, attack: str, threat: ThreatModel) -> Tensor:
        """The accuracies (rows,) under an attack.

        Raises:
            InvalidInput: no such column, or one that was not measured on every network.
        """
        name = column_name(attack, threat)
        if name not in self.accuracy:
            raise unknown_choice(f"an attack of the oracle {self.name}", name, sorted(self.accuracy))
        known = int((~self.accuracy[name].isnan()).sum())
        if known < len(self):
            raise InvalidInput(
                f"an attack to search for must be tabulated for all networks, the oracle {self.name} has {name!r} for "
                f"{known} of {len(self)}"
            )
        return self.accuracy[name]

    def nearest(self, stages: Tensor) -> Tensor:
        """The rows that stand nearest to networks (n, stages, 4), int64 (n,); the first of equals.

        The distance is Euclidean: a doubling of a stage's width, a block of its depth, its stride and its kind of
        block weigh the same.
        """
        wanted = coordinates(stages)
        distance = torch.cdist(wanted, self.coordinates, compute_mode="donot_use_mm_for_euclid_dist")
        return distance.argmin(1)

    def row_of(self, spec: ResidualSpec) -> int:
        """The row that answers for a network: its own, or the nearest.

        Raises:
            InvalidInput: the network has another number of stages.
        """
        if len(spec.stages) != len(self.grid.stages):
            raise InvalidInput(
                f"a network of the oracle {self.name} must have {len(self.grid.stages)} stages, got {len(spec.stages)}"
            )
        return int(self.nearest(stage_numbers([spec.stages]))[0])

    def select(self, rows: Sequence[int], name: str = "") -> "Table":
        """The table of some of its networks."""
        index = torch.tensor(rows, dtype=torch.int64)
        return replace(
            self,
            name=name or self.name,
            stages=self.stages[index],
            accuracy={key: values[index] for key, values in self.accuracy.items()},
            margins={key: values[index] for key, values in self.margins.items()},
            verdicts={key: values[index] for key, values in self.verdicts.items()},
        )

    @cached_property
    def coordinates(self) -> Tensor:
        """Where the networks stand, row by row; see `coordinates`."""
        return coordinates(self.stages)


def stage_numbers(networks: Sequence[Sequence[StageSpec]]) -> Tensor:
    """The stages of networks as int64 (n, stages, 4): depth, width, stride, robust bit."""
    rows = [[[s.depth, s.width, s.stride, int(s.block == "robust")] for s in stages] for stages in networks]
    return torch.tensor(rows, dtype=torch.int64)


def stages_of(numbers: Tensor) -> tuple[StageSpec, ...]:
    """The stages that numbers (stages, 4) say: depth, width, stride and robust bit of each."""
    rows = numbers.tolist()
    return tuple(StageSpec(depth, width, stride, BLOCKS[robust]) for depth, width, stride, robust in rows)


def coordinates(stages: Tensor) -> Tensor:
    """Where networks (n, stages, 4) stand: depth, log2 width, stride and robust bit of each stage, float64 (n, 4 S)."""
    depth, width, stride, robust = stages.double().unbind(-1)
    return torch.stack([depth, width.log2(), stride, robust], dim=-1).flatten(1)
