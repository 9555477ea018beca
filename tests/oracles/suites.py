"""Tables by the names and with the columns of those that ship, made by a formula."""

from dataclasses import replace
from pathlib import Path

import torch

from rcnas_zoo.oracles.store import SUFFIX, write_table
from rcnas_zoo.oracles.table import Table, TableTeacher
from tests.oracles.tables import formula_accuracy, formula_table, spec_of

RADII = {"digits": ("3/20", "1/5", "1/4"), "fashion-mnist": ("1/20", "1/10", "3/20")}
TEACHERS = ("wrn-16-2", "wrn-22-2", "wrn-16-3", "wrn-16-4")
GRADED = {"fgsm": 0.4, "pgd-20": 1.0, "cw-40": 0.9}


def severities(name: str) -> dict[str, float]:
    """Column to severity in logits."""
    graded = [(attack, place) for attack in ("fgsm", "pgd-20") for place in range(3)]
    attacks = {f"{attack} linf@{RADII[name][at]}": GRADED[attack] + 0.4 * at for attack, at in [*graded, ("cw-40", 1)]}
    return {"clean": 0.0, **attacks}


def named_table(name: str, rows: int = 240) -> Table:
    """A table of the columns and teachers of a shipped one."""
    table, columns = formula_table(rows, seed=len(name)), severities(name)
    accuracy = {
        column: torch.tensor([formula_accuracy(spec, severity) for spec in table.specs], dtype=torch.float64)
        for column, severity in columns.items()
    }
    teachers = {teacher: _teacher(teacher, columns) for teacher in TEACHERS}
    bare = {"margins": {}, "verdicts": {}, "samples": dict.fromkeys(columns, 360)}
    return replace(table, name=name, dataset=name, accuracy=accuracy, teachers=teachers, **bare)


def write_tables(folder: Path) -> Path:
    """Both shipped names in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RADII:
        write_table(named_table(name), folder / f"{name}{SUFFIX}")
    return folder


def _teacher(name: str, columns: dict[str, float]) -> TableTeacher:
    accuracy = {column: formula_accuracy(spec_of(name), severity) for column, severity in columns.items()}
    return TableTeacher(spec_of(name), accuracy, dict.fromkeys(columns, (1.0,) * 7))
