"""How large the rows of the paper are made: as in the paper, or so small that a laptop makes one in minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from rcnas_zoo.paper.table import Column, Table
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.threat import ThreatModel

PAPER_RADIUS = Fraction(8, 255)
USUAL_ATTACKS = ("pgd-20", "cw-40", "autoattack")


@dataclass(frozen=True)
class Group:
    """What stands for a budget group of the paper at a smaller scale: its teacher, and the budget below it."""

    teacher: str
    budget: str


@dataclass(frozen=True)
class Scale:
    """The size of everything that is run.

    Attributes:
        name: ``tiny`` or ``paper``.
        dataset: takes the place of every data set; empty leaves the paper's.
        groups: budget of the paper to what stands for it; empty leaves the paper's networks.
        attack: what a search is rewarded for.
        iterations: of a search.
        epochs, search_epochs: of a full training and of a candidate's; 0 takes the recipes' own.
        precision: of every training; empty leaves the recipes' own.
        samples: test images that are attacked, the same for every attack; 0 takes all.
    """

    name: str
    dataset: str = ""
    groups: Mapping[str, Group] = field(default_factory=dict)
    attack: str = "autoattack"
    iterations: int = 10
    epochs: int = 0
    search_epochs: int = 0
    precision: str = ""
    samples: int = 0

    def dataset_for(self, dataset: str) -> str:
        """What stands for a data set of the paper."""
        return self.dataset or dataset

    def threat_for(self, column: Column) -> ThreatModel:
        """The column's radius; on another data set as much larger than its usual one as the column's is than 8/255."""
        threat = ThreatModel.parse(column.threat)
        if not self.dataset:
            return threat
        return ThreatModel(threat.norm, threat.radius / PAPER_RADIUS * DATASETS[self.dataset].threat.radius)


# Teachers that grow in depth and width like the paper's, and budgets that are as near to their cost.
_GROUPS = {
    "5g": Group("wrn-10-1", "700k"),
    "10g": Group("wrn-16-1", "1600k"),
    "20g": Group("wrn-22-1", "2500k"),
    "40g": Group("wrn-16-2", "6m"),
}
SCALES = {
    "tiny": Scale("tiny", "digits", _GROUPS, attack="pgd-20", iterations=6, epochs=10, search_epochs=4, samples=64),
    "paper": Scale("paper", precision="bfloat16"),
}


def scale_of(name: str) -> Scale:
    """The scale of a name.

    Raises:
        InvalidInput: an unknown name.
    """
    if name not in SCALES:
        raise unknown_choice("a scale", name, SCALES)
    return SCALES[name]


@dataclass(frozen=True)
class Asked:
    """What the test split is asked for a table: the same attacks, on the same images, under each threat."""

    threats: tuple[ThreatModel, ...]
    attacks: tuple[str, ...]
    samples: int


def asked_for(table: Table, scale: Scale) -> Asked:
    """What the columns of a table ask for; a table of times asks for the usual attacks."""
    columns = [column for column in table.columns if column.attack] or [Column("", "pgd-20", f"linf@{PAPER_RADIUS}")]
    threats = tuple(dict.fromkeys(map(scale.threat_for, columns)))
    attacks = tuple(dict.fromkeys(column.attack for column in table.columns if column.attack not in ("", "clean")))
    return Asked(threats, attacks or USUAL_ATTACKS, scale.samples)
