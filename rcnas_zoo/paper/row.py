"""A row of a table: what was trained, what it cost, and what the paper claims of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rcnas_zoo.paper.figure import Figure
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.canonical import as_object, check_choice, check_list, check_text, dataclass_fields
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import InvalidInput, shortened

TRAININGS = ("teacher", "wrn-34-r", "robustresnet", "robnet", "advrush", "racl", "trades", "mart", "sat")
"""Methods that train one given network."""
PRUNINGS = ("hydra", "harp")
SEARCHES = ("rc-nas", "r-nas")
METHODS = (*TRAININGS, *PRUNINGS, *SEARCHES)
PARTS = ("", "lips", "cost", "annealing")
"""What an ablation takes out of RC-NAS; empty for nothing."""
_NAME = re.compile(r"[a-z0-9][a-z0-9@-]{0,40}", re.ASCII)


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        row: its name, unique within the table, such as ``rc-nas-5g``.
        printed: what the paper calls it.
        method: one of ``METHODS``.
        network: the network that is trained; of a search or a pruning, the teacher that it starts from.
        budget: the group that it belongs to, such as ``5g``.
        claims: data set to the figures of all columns.
        without: which of ``PARTS`` is taken out.
        parameters: printed parameters, in millions; None where the table has none.
        macs: printed cost of one image, in giga-MACs; None where the table has none.

    Raises:
        InvalidInput: a value outside its range.
    """

    row: str
    printed: str
    method: str
    network: str
    budget: str
    claims: Mapping[str, tuple[Figure, ...]]
    without: str = ""
    parameters: Figure | None = None
    macs: Figure | None = None

    def __post_init__(self) -> None:
        for name in ("row", "network"):
            value = check_text(f"the {name} of a row", getattr(self, name))
            if _NAME.fullmatch(value) is None:
                raise InvalidInput(f"the {name} of a row must be a name such as rc-nas-5g, got {shortened(value)}")
        check_text("the printed name of a row", self.printed)
        check_choice("the method of a row", self.method, METHODS)
        check_choice("what a row goes without", self.without, PARTS)
        Budget.parse(check_text("the budget of a row", self.budget))
        if not self.claims:
            raise InvalidInput(f"a row must claim something of a data set, got none in {self.row!r}")
        for dataset in self.claims:
            check_choice("the data set of a claim", dataset, DATASETS)

    @classmethod
    def from_dict(cls, data: object) -> "Row":
        """The row of plain JSON data, strictly checked; figures are texts."""
        fields = dict(dataclass_fields(cls, data, "a row"))
        fields |= {name: Figure(fields[name]) for name in ("parameters", "macs") if name in fields}
        fields["claims"] = _claims(fields["claims"])
        return cls(**fields)


def _claims(data: object) -> dict[str, tuple[Figure, ...]]:
    given = as_object(data, "the claims of a row")
    found: dict[str, tuple[Figure, ...]] = {}
    for dataset, figures in given.items():
        found[dataset] = tuple(map(Figure, check_list("the claims of a row", figures)))
    return found
