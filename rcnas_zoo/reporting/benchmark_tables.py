"""A benchmark's table as text for terminals, Markdown, LaTeX and CSV."""

import csv
import io
from collections.abc import Callable

from rcnas_zoo.baselines.statistics import Estimate, SeedTest
from rcnas_zoo.baselines.table import BenchmarkTable, columns
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.tables import render_markdown, render_table

_LATEX = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "\\": r"\textbackslash{}"}
_LATEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}
TESTS = ("row", "against", "accuracy", "difference", "95 % interval", "p", "seeds")


def terminal(table: BenchmarkTable) -> str:
    """The table, the tests and every note, for people."""
    header, rows = cells(table, points)
    lines = [headline(table), "", render_table(header, rows), *_infeasible(table), "", *legend(table)]
    if table.tests:
        lines += ["", render_table(TESTS, [difference_cells(test) for test in table.tests])]
    return "\n".join([*lines, *(f"note: {note}" for note in table.notes)])


def markdown(table: BenchmarkTable) -> str:
    """The same as a page of Markdown."""
    header, rows = cells(table, points)
    parts = [f"# {headline(table)}", render_markdown(header, rows), *_infeasible(table), " ".join(legend(table))]
    if table.tests:
        parts.append(render_markdown(TESTS, [difference_cells(test) for test in table.tests]))
    return "\n\n".join([*parts, *(f"Note: {note}" for note in table.notes), ""])


def latex(table: BenchmarkTable) -> str:
    """A ``tabular`` with rules of its own, for a document that loads no package."""
    header, rows = cells(table, _latex_points)
    shape = "l" + "r" * (len(header) - 1)
    lines = [
        r"\begin{tabular}{" + shape + "}",
        r"\hline",
        _latex_line([latex_text(word) for word in header]),
        r"\hline",
    ]
    lines += [_latex_line([latex_text(row[0]), *(_latex_cell(cell) for cell in row[1:])]) for row in rows]
    for method in table.infeasible:
        lines.append(_latex_line([latex_text(method), rf"\multicolumn{{{len(header) - 1}}}{{l}}{{infeasible}}"]))
    return "\n".join([f"% {headline(table)}", *lines, r"\hline", r"\end{tabular}", ""])


def comma_separated(table: BenchmarkTable) -> str:
    """One line a method and seed, every number in full."""
    attacks = table.attacks
    header = ["method", "seed", "parameters", "macs", "nominal_macs", "clean", *attacks, "robust", "digest", "reason"]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    for row in table.rows:
        for one in row.results:
            costs = [one.parameters, one.macs, one.nominal_macs]
            accuracies = [one.clean_accuracy, *(one.attacks[name] for name in attacks), one.robust_accuracy]
            writer.writerow([row.method, one.seed, *costs, *accuracies, one.spec.digest, ""])
        if row.infeasible:
            writer.writerow([row.method, *[""] * (len(header) - 2), row.infeasible])
    return buffer.getvalue()


def headline(table: BenchmarkTable) -> str:
    """What was compared, in one line."""
    seeds, trials = len(table.seeds), table.trials
    return (
        f"{table.task}, threat {table.threat}, budget {format_macs(table.budget)} MACs, {seeds} "
        f"{'seed' if seeds == 1 else 'seeds'}, {trials} {'trial' if trials == 1 else 'trials'} a study"
    )


def legend(table: BenchmarkTable) -> list[str]:
    """What the columns mean."""
    samples = table.measured[0].results[0].samples if table.measured else {}
    images = ", ".join(f"{name} {count}" for name, count in samples.items())
    return [
        "Accuracies in percent: mean over the seeds ± standard deviation [95 % interval, of seeds and test images].",
        f"Robust: the worst case over the attacks on all test images. Test images: {images}.",
        "Evaluations: networks trained and attacked on the way, those inside of searches too; minutes of one core.",
    ]


def cells(table: BenchmarkTable, show: Callable[[Estimate], str]) -> tuple[list[str], list[list[str]]]:
    """The header, and the cells of every measured row."""
    found = columns(table, show)
    return [column.title for column in found], [[column.cell(row) for column in found] for row in table.measured]


def points(found: Estimate) -> str:
    """An accuracy as ``56.9 ± 1.2 [53.0, 60.8]`` in percent; without ± for a single seed."""
    low, high = (100 * end for end in found.interval)
    spread = "" if found.std is None else f" ± {100 * found.std:.1f}"
    return f"{100 * found.mean:.1f}{spread} [{low:.1f}, {high:.1f}]"


def difference_cells(test: SeedTest) -> list[str]:
    """A test as the cells of a table, in points of a percent."""
    low, high = test.interval or (None, None)
    interval = "-" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}"
    chance = "-" if test.p_value is None else f"{test.p_value:.2g}"
    return [test.a, test.b, test.metric, f"{100 * test.effect:+.1f}", interval, chance, str(test.seeds)]


def latex_text(text: str) -> str:
    """A text in which every character that LaTeX takes for its own is escaped."""
    return "".join(_LATEX.get(letter, letter) for letter in text)


def _latex_points(found: Estimate) -> str:
    spread = "" if found.std is None else rf" \pm {100 * found.std:.1f}"
    return f"${100 * found.mean:.1f}{spread}$"


def _latex_cell(cell: str) -> str:
    return cell if cell.startswith("$") else latex_text(cell)


def _latex_line(words: list[str]) -> str:
    return " & ".join(words) + r" \\"


def _infeasible(table: BenchmarkTable) -> list[str]:
    return [f"{method}: infeasible: {reason}" for method, reason in table.infeasible.items()]
