"""A benchmark's tables for LaTeX, one ``tabular`` a file, with rules of its own: a document need load no package."""

from collections.abc import Sequence

from rcnas_zoo.baselines.statistics import Estimate
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.reporting.benchmark_sections import sections
from rcnas_zoo.reporting.benchmark_tables import cells, doubts, headline

_ESCAPED = {
    **{letter: f"\\{letter}" for letter in "&%_#${}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


def latex(table: BenchmarkTable) -> str:
    """The main table. What the lint says, the notes, and why rows are missing stand above it, as comments."""
    header, rows = cells(table, _points)
    more = [_line([latex_text(method), _infeasible(len(header) - 1)]) for method in table.infeasible]
    reasons = [f"{method}: infeasible: {reason}" for method, reason in table.infeasible.items()]
    return _tabular([headline(table), *doubts(table), *table.remarks, *reasons], header, rows, more)


def latex_files(table: BenchmarkTable) -> dict[str, str]:
    """File name to content: ``table.tex``, and where there is something to say ``radii.tex``, ``search-cost.tex``."""
    more = sections(table, _points)
    others = {f"{each.name}.tex": _tabular([each.title, each.about], each.header, each.rows) for each in more}
    return {"table.tex": latex(table), **others}


def latex_text(text: str) -> str:
    """A text in which every character that LaTeX takes for its own is escaped."""
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def _tabular(
    comments: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]], more: Sequence[str] = ()
) -> str:
    shape = "l" + "r" * (len(header) - 1)
    above = ["% " + " ".join(comment.split()) for comment in comments]
    head = [r"\begin{tabular}{" + shape + "}", r"\hline", _line([latex_text(word) for word in header]), r"\hline"]
    body = [_line([latex_text(row[0]), *map(_cell, row[1:])]) for row in rows]
    return "\n".join([*above, *head, *body, *more, r"\hline", r"\end{tabular}", ""])


def _points(found: Estimate) -> str:
    spread = "" if found.std is None else rf" \pm {100 * found.std:.1f}"
    return f"${100 * found.mean:.1f}{spread}$"


def _cell(text: str) -> str:
    return text if text.startswith("$") else latex_text(text)


def _infeasible(columns: int) -> str:
    return rf"\multicolumn{{{columns}}}{{l}}{{infeasible}}"


def _line(words: Sequence[str]) -> str:
    return " & ".join(words) + r" \\"
