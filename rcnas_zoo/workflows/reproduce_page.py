"""The tables of ``docs/reproduction.md``: what can be said of the paper on any machine."""

import textwrap

from rcnas_zoo.paper.catalogue import table_names
from rcnas_zoo.spec.tables import render_markdown
from rcnas_zoo.workflows.forecast import ASSUMPTIONS
from rcnas_zoo.workflows.reproduce import Reproduction, claimed
from rcnas_zoo.workflows.reproduce_text import claims_table

_WIDTH = 130


def page_tables() -> str:
    """Every table in Markdown: claims, forecasts and states where nothing was measured and there is no GPU."""
    return (
        "\n\n".join([textwrap.fill(ASSUMPTIONS, _WIDTH), *(_section(claimed(name)) for name in table_names())]) + "\n"
    )


def _section(made: Reproduction) -> str:
    table = made.table
    title = f"### Table {table.table.partition('-')[2]}: {table.title}"
    flags = [f"- `{cell.entry.row.row}`, {cell.entry.dataset}: {flag}" for cell in made.cells for flag in cell.flags]
    doubts = "\n".join(["Contradictions:", "", *flags]) if flags else "No entry contradicts itself."
    return "\n\n".join([title, f"Claims in {table.unit}.", claims_table(made, render_markdown), doubts])
