"""A reproduced table for people, and as plain JSON data."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

from rcnas_zoo.paper.catalogue import SOURCE
from rcnas_zoo.paper.table import Column, Table
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.tables import render_table
from rcnas_zoo.workflows.forecast import ASSUMPTIONS
from rcnas_zoo.workflows.kept_works import Made
from rcnas_zoo.workflows.reproduce import Cell, Reproduction
from rcnas_zoo.workflows.scales import SCALES, Scale

Renderer: TypeAlias = Callable[[Sequence[str], Sequence[Sequence[object]]], str]

_WIDTH = 110


def reproduction_to_dict(made: Reproduction) -> dict[str, Any]:
    """What `rcnas-zoo reproduce --json` prints. Accuracies are fractions in [0, 1], times are hours."""
    table = made.table
    return {
        "table": table.table,
        "title": table.title,
        "source": SOURCE,
        "unit": table.unit,
        "columns": [asdict(column) for column in table.columns],
        "assumptions": ASSUMPTIONS,
        "cells": [_cell_to_dict(table, cell) for cell in made.cells],
    }


def _cell_to_dict(table: Table, cell: Cell) -> dict[str, Any]:
    row = cell.entry.row
    heads = [column.printed for column in table.columns]
    return {
        "row": row.row,
        "printed_as": row.printed,
        "method": row.method,
        "network": row.network,
        "budget": row.budget,
        "without": row.without,
        "dataset": cell.entry.dataset,
        "parameters": row.parameters and round(row.parameters.value * 1e6),
        "macs": row.macs and round(row.macs.value * 1e9),
        "claimed": dict(zip(heads, claimed_numbers(cell), strict=True)),
        "printed": dict(zip(heads, map(str, cell.entry.claims), strict=True)),
        "states": list(cell.states),
        "flags": list(cell.flags),
        "hours": cell.forecast.hours,
        "forecast": asdict(cell.forecast),
        "twin": str(cell.twin),
        "command": f"rcnas-zoo reproduce {table.table} {twin_options(cell)}",
        "measured": {name: _made_to_dict(table, cell, name) for name in cell.made},
    }


def _made_to_dict(table: Table, cell: Cell, scale: str) -> dict[str, Any]:
    made, first = cell.made[scale], cell.made[scale].measured[0]
    return {
        "dataset": first.dataset,
        "samples": first.samples,
        "digest": made.digest,
        "parameters": made.parameters,
        "macs": made.macs,
        "numbers": dict(zip((column.printed for column in table.columns), numbers(table, cell, scale), strict=True)),
        "threats": [measured.threat for measured in made.measured],
        "flags": _flags(made),
        "seconds": made.seconds,
        "run_id": made.run_id,
    }


def claimed_numbers(cell: Cell) -> list[float]:
    """The claimed figures of a cell: accuracies in [0, 1], or hours."""
    columns = cell.entry.columns
    return [
        figure.fraction if column.attack else figure.value
        for column, figure in zip(columns, cell.entry.claims, strict=True)
    ]


def numbers(table: Table, cell: Cell, scale: str) -> list[float]:
    """What was measured in place of the claimed figures of a cell, column by column."""
    return [measured_number(column, cell.made[scale], SCALES[scale]) for column in table.columns]


def measured_number(column: Column, made: Made, scale: Scale) -> float:
    """The accuracy in [0, 1] that a column asks for, or the hours that the search took."""
    if not column.attack:
        return made.search_seconds / 3600
    (measured,) = (each for each in made.measured if each.threat == str(scale.threat_for(column)))
    return _accuracy(measured, column.attack)


def _accuracy(measured: Measurement, attack: str) -> float:
    return measured.clean_accuracy if attack == "clean" else measured.attacks[attack]


def twin_options(cell: Cell) -> str:
    """The options of `rcnas-zoo reproduce TABLE` that make and measure the twin."""
    return f"--row {cell.entry.row.row} --scale tiny"


def reproduction_text(made: Reproduction) -> str:
    """The claims with state and forecast, what was measured beside them, and what is wrong with which claim."""
    table = made.table
    parts = [
        f"{table.table} of {SOURCE}: {table.title}, {table.unit}",
        claims_table(made),
        "\n".join(f"{cell.entry.row.row}, {cell.entry.dataset}: {flag}" for cell in made.cells for flag in cell.flags),
        _measured_table(made),
        "\n".join(dict.fromkeys(_measured_flags(made))),
        textwrap.fill(ASSUMPTIONS, _WIDTH),
        f"A twin is made and measured by: rcnas-zoo reproduce {table.table} --row ROW --scale tiny",
    ]
    return "\n\n".join(part for part in parts if part)


def claims_table(made: Reproduction, render: Renderer = render_table) -> str:
    """One line a cell; `render_markdown` makes Markdown of it."""
    heads = [column.printed for column in made.table.columns]
    costs = any(cell.entry.row.macs for cell in made.cells)
    header = ["row", "data set", *(("M parameters", "G MACs") if costs else ()), *heads, "h on H200", "twin", "state"]
    return render(header, [_claims_line(cell, costs) for cell in made.cells])


def _claims_line(cell: Cell, costs: bool) -> list[object]:
    row = cell.entry.row
    printed = (row.parameters, row.macs) if costs else ()
    hours = f"{cell.forecast.hours:.1f}"
    return [
        row.row,
        cell.entry.dataset,
        *printed,
        *cell.entry.claims,
        hours,
        twin_options(cell),
        "; ".join(cell.states),
    ]


def _measured_table(made: Reproduction) -> str:
    """Each row that was made: what is claimed of it on each data set, then what was measured."""
    heads = [column.printed for column in made.table.columns]
    lines = list(_measured_lines(made))
    return render_table(["row", "what", "parameters", "MACs", *heads], lines) if lines else ""


def _measured_lines(made: Reproduction) -> Iterator[list[object]]:
    told: list[tuple[Made, str]] = []
    for cell in made.cells:
        row = cell.entry.row
        if cell.made:
            costs = (row.parameters and f"{row.parameters} M", row.macs and f"{row.macs} G")
            yield [row.row, f"claimed, {cell.entry.dataset}", *costs, *cell.entry.claims]
        for scale, what in cell.made.items():
            # Where one data set stands for several, its twin is told once.
            if (what, row.row) not in told:
                told.append((what, row.row))
                yield [row.row, *_made_line(made.table, cell, scale)]


def _measured_flags(made: Reproduction) -> Iterator[str]:
    for cell in made.cells:
        for scale, what in cell.made.items():
            for flag in _flags(what):
                yield f"{cell.entry.row.row}, measured ({scale}): {flag}"


def _flags(made: Made) -> list[str]:
    return sorted({flag for measured in made.measured for flag in measured.flags})


def _made_line(table: Table, cell: Cell, scale: str) -> list[object]:
    made = cell.made[scale]
    first = made.measured[0]
    threats = ", ".join(measured.threat for measured in made.measured)
    what = f"measured ({scale}), {first.samples} of {first.dataset}, {threats}"
    return [
        what,
        f"{made.parameters:,}",
        format_macs(made.macs),
        *map(_shown, table.columns, numbers(table, cell, scale)),
    ]


def _shown(column: Column, number: float) -> str:
    return f"{100 * number:.2f}" if column.attack else f"{number:.3f}"
