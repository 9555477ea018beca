"""A table of the paper, row by row, and its entries: what is claimed of a row on one data set."""

import re
from dataclasses import dataclass
from typing import Any

from rcnas_zoo.paper.figure import Figure
from rcnas_zoo.paper.row import Row
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import (
    check_choice,
    check_integer,
    check_list,
    check_text,
    dataclass_fields,
    parse_object,
)
from rcnas_zoo.spec.errors import InvalidInput, shortened, unknown_choice
from rcnas_zoo.spec.threat import ThreatModel

PERCENT, HOURS = "percent", "hours"
_TABLE = re.compile(r"table-[1-9][0-9]?", re.ASCII)


@dataclass(frozen=True)
class Column:
    """What the figures of a column say.

    Attributes:
        printed: the column's head.
        attack: the attack of ours that measures it; empty for a time.
        threat: threat model as the paper prints it, such as ``linf@12/255``; empty for a time.

    Raises:
        InvalidInput: an unknown attack or threat, or one of them alone.
    """

    printed: str
    attack: str = ""
    threat: str = ""

    def __post_init__(self) -> None:
        check_text("the head of a column", self.printed)
        if check_text("the attack of a column", self.attack) or check_text("the threat of a column", self.threat):
            AttackName.parse(self.attack)
            ThreatModel.parse(self.threat)


@dataclass(frozen=True)
class Entry:
    """What a table claims of a row on one data set: a figure for each column."""

    row: Row
    dataset: str
    columns: tuple[Column, ...]

    @property
    def claims(self) -> tuple[Figure, ...]:
        """The figures, one a column."""
        return self.row.claims[self.dataset]

    def accuracies(self) -> dict[ThreatModel, dict[str, float]]:
        """Threat, then attack, to claimed accuracy in [0, 1]; nothing for a time."""
        found: dict[ThreatModel, dict[str, float]] = {}
        for column, figure in zip(self.columns, self.claims, strict=True):
            if column.attack:
                found.setdefault(ThreatModel.parse(column.threat), {})[column.attack] = figure.fraction
        return found


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        table: its name, such as ``table-1``.
        title: what it is about, in our words.
        unit: ``percent`` or ``hours``.
        columns: what its figures say, the same for each data set.
        rows: in the paper's order.

    Raises:
        InvalidInput: a value outside its range, two rows of one name, a row of another length, or too large a share.
    """

    table: str
    title: str
    unit: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    format: int = 1

    def __post_init__(self) -> None:
        check_integer("the format of a table", self.format, 1, 1)
        if _TABLE.fullmatch(check_text("the name of a table", self.table)) is None:
            raise InvalidInput(f"a table must be called table-N, such as table-1, got {shortened(self.table)}")
        check_text("the title of a table", self.title)
        check_choice("the unit of a table", self.unit, (PERCENT, HOURS))
        if any(bool(column.attack) != (self.unit == PERCENT) for column in self.columns):
            raise InvalidInput(f"the columns of a table in {self.unit} must be of that unit, got {self.table}")
        names = [row.row for row in self.rows]
        if len(set(names)) < len(names):
            raise InvalidInput(f"the rows of a table must have names of their own, got {shortened(names)}")
        for entry in self.entries:
            self._check(entry)

    def _check(self, entry: Entry) -> None:
        where = f"{self.table}, {entry.row.row}, {entry.dataset}"
        if len(entry.claims) != len(self.columns):
            raise InvalidInput(f"an entry must have {len(self.columns)} figures, got {len(entry.claims)} in {where}")
        if self.unit == PERCENT and any(figure.value > 100 for figure in entry.claims):
            raise InvalidInput(f"an accuracy must be at most 100 percent, got {max(map(str, entry.claims))} in {where}")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every row on every data set, row by row."""
        return tuple(Entry(row, dataset, self.columns) for row in self.rows for dataset in row.claims)

    def find(self, name: str) -> Row:
        """The row of a name.

        Raises:
            InvalidInput: an unknown name; the message offers the nearest known one.
        """
        for row in self.rows:
            if row.row == name:
                return row
        raise unknown_choice(f"a row of {self.table}", name, [row.row for row in self.rows])

    @classmethod
    def from_dict(cls, data: object) -> "Table":
        """The table of plain JSON data, strictly checked."""
        fields: dict[str, Any] = dataclass_fields(cls, data, "a table")
        columns = check_list("the columns of a table", fields["columns"])
        rows = check_list("the rows of a table", fields["rows"])
        heads = tuple(Column(**dataclass_fields(Column, each, "a column")) for each in columns)
        return cls(**{**fields, "columns": heads, "rows": tuple(map(Row.from_dict, rows))})

    @classmethod
    def from_json(cls, text: str) -> "Table":
        """The table in a JSON text, strictly checked.

        Raises:
            InvalidInput: not a JSON object, or no table.
        """
        return cls.from_dict(parse_object(text, "a table"))
