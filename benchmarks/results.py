"""Results on disk: one small JSON file a benchmark, one line a row, written whole after every row."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"
Row = dict[str, Any]


@dataclass
class Results:
    """The rows of one benchmark on one machine; what is there is not measured again.

    Attributes:
        path: the file.
        machine: facts of the machine.
        rows: what has been measured.
    """

    path: Path
    machine: Row
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, machine: Row) -> "Results":
        """The results of before, or none yet.

        Raises:
            ClickException: they are of another machine; figures of two machines say nothing about each other.
        """
        if not path.is_file():
            return cls(path, machine)
        found = cls.read(path)
        if found.machine != machine:
            import click

            raise click.ClickException(
                f"{path} holds results of {found.machine}, this is {machine}; give another --results"
            )
        return found

    @classmethod
    def read(cls, path: Path) -> "Results":
        """The results in a file, whatever machine they are of."""
        data = json.loads(path.read_text())
        return cls(path, data["machine"], data["rows"])

    def find(self, **wanted: Any) -> list[Row]:
        """The rows in which these fields have these values."""
        return [row for row in self.rows if all(row.get(name) == value for name, value in wanted.items())]

    def add(self, row: Row) -> None:
        """Keeps a row at once."""
        self.rows.append(row)
        lines = ",\n".join(json.dumps(each) for each in self.rows)
        text = f'{{"machine": {json.dumps(self.machine)}, "rows": [\n{lines}\n]}}\n'
        self.path.parent.mkdir(parents=True, exist_ok=True)
        aside = self.path.with_suffix(".new")
        aside.write_text(text)
        os.replace(aside, self.path)


def parse_range(text: str) -> list[int]:
    """``0-2`` or ``0,4,5`` as numbers."""
    parts = [part.split("-") for part in text.split(",")]
    return [number for part in parts for number in range(int(part[0]), int(part[-1]) + 1)]
