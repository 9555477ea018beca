"""A benchmark's tables as text for terminals, Markdown and CSV."""

import csv
import io
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rcnas_zoo.baselines.lint import seed_contradictions
from rcnas_zoo.baselines.statistics import Estimate, SeedTest
from rcnas_zoo.baselines.table import BenchmarkTable, columns
from rcnas_zoo.reporting.benchmark_sections import sections
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.tables import render_markdown, render_table

TESTS = ("row", "against", "accuracy", "difference", "95 % interval", "p", "p (Holm)", "seeds")
WIDTH = 120
"""Of the legend on a terminal."""
MOST_NAMED = 3
"""Networks that a flag is said of by name."""


def terminal(table: BenchmarkTable) -> str:
    """All tables, the tests and every note, for people."""
    header, rows = cells(table, points, _in_short)
    told = [textwrap.fill(line, WIDTH) for line in legend(table)]
    lines = [headline(table), "", render_table(header, rows), *_infeasible(table), "", *told]
    for section in sections(table, points):
        lines += ["", f"{section.title}.", render_table(section.header, section.rows)]
    if tests := told_tests(table):
        lines += ["", render_table(TESTS, tests)]
    return "\n".join([*lines, *doubts(table), *(f"note: {note}" for note in table.remarks)])


def markdown(table: BenchmarkTable) -> str:
    """The same as a page of Markdown."""
    header, rows = cells(table, points)
    parts = [f"# {headline(table)}", render_markdown(header, rows), *_infeasible(table), " ".join(legend(table))]
    for section in sections(table, points):
        parts += [f"## {section.title}", render_markdown(section.header, section.rows), section.about]
    if tests := told_tests(table):
        parts += ["## Differences, paired by seed", render_markdown(TESTS, tests)]
    return "\n\n".join([*parts, "\n".join(f"- {line}" for line in doubts(table)), *_notes(table), ""])


def comma_separated(table: BenchmarkTable) -> str:
    """One line a method and seed, every number in full."""
    attacks = table.attacks
    costs = ["parameters", "macs", "nominal_macs"]
    search = ["evaluations", "visits", "visiting_seconds", "thinking_seconds", "training_seconds"]
    header = [
        "method",
        "seed",
        *costs,
        "over_budget",
        "clean",
        *attacks,
        "robust",
        *search,
        "digest",
        "contradictions",
        "reason",
    ]
    lines: list[list[object]] = []
    for row in table.rows:
        for one in row.results:
            accuracies = [one.clean_accuracy, *(one.attacks.get(name, "") for name in attacks), one.robust_accuracy]
            spent = [one.evaluations, one.search.visits, one.search.visiting, one.search.thinking, one.training_seconds]
            flags = "; ".join(seed_contradictions(one))
            numbers = [getattr(one, name) for name in costs]
            over = str(one.macs > row.budget).lower()
            lines.append([row.method, one.seed, *numbers, over, *accuracies, *spent, one.spec.digest, flags, ""])
        if row.infeasible:
            lines.append([row.method, *[""] * (len(header) - 2), row.infeasible])
    return _commas(header, lines)


def radii_separated(table: BenchmarkTable) -> str:
    """One line a method, seed and radius of the curves: ``alone`` is the accuracy without the smaller radii."""
    lines = [
        [row.method, one.seed, threat, one.samples["clean"], one.radii[threat], one.radii_alone[threat]]
        for row in table.measured
        for one in row.results
        for threat in table.radii
    ]
    return _commas(["method", "seed", "threat", "samples", "accuracy", "alone"], lines)


def _commas(header: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([header, *lines])
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
    samples = {name: count for row in table.measured for one in row.results for name, count in one.samples.items()}
    images = ", ".join(f"{name} {count}" for name, count in samples.items())
    return [
        "Accuracies in percent: mean over the seeds ± standard deviation [95 % interval, of seeds and test images].",
        *(["MACs of pruned networks: without zeros, of those with them."] if _has_pruned(table) else []),
        f"Robust: the worst case over the attacks on all test images. Test images: {images}.",
        "Evaluations: networks trained and attacked on the way, those inside of searches too. Minutes of one worker: "
        "searches and trainings, where they were done first, without the attacks on test images.",
        *(["p (Holm): the p-value adjusted for all tests of that accuracy."] if told_tests(table) else []),
        *_shared(table),
    ]


def _has_pruned(table: BenchmarkTable) -> bool:
    return any(row.mean("macs") != row.mean("nominal_macs") for row in table.measured)


def _shared(table: BenchmarkTable) -> list[str]:
    """How every row was trained, if that is known."""
    if not table.settings:
        return []
    row, visit = table.settings["training"], table.settings["search"]
    return [
        f"Training of a row: {_trained(row)}, by the objective of its method. Of each of {visit['visits']} networks "
        f"that a search visits: {_trained(visit)}. rcnas-zoo {table.settings['version']}, {table.settings['device']}."
    ]


def _trained(settings: Mapping[str, Any]) -> str:
    name = f"{settings['objective']}, recipe {settings['recipe'][:12]}"
    epochs = "1 epoch" if settings["epochs"] == 1 else f"{settings['epochs']} epochs"
    return f"{epochs} on {settings['images']:,} images ({name})"


def doubts(table: BenchmarkTable) -> list[str]:
    """What the lint says of the numbers: each contradiction, or that there is none, then the flags of evaluations."""
    none = "No contradictions found among accuracies on the same images."
    found = [f"Contradiction: {line}." for line in table.contradictions] or [none]
    return found + [f"Flag: {flag} ({_some(networks)})" for flag, networks in table.flags.items()]


def cells(
    table: BenchmarkTable, show: Callable[[Estimate], str], in_short: Callable[[Estimate], str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """The header, and the cells of every measured row; for the arguments see `columns`."""
    found = columns(table, show, in_short)
    return [column.title for column in found], [[column.cell(row) for column in found] for row in table.measured]


def points(found: Estimate) -> str:
    """An accuracy as ``56.9 ± 1.2 [53.0, 60.8]`` in percent; without ± for a single seed."""
    low, high = (100 * end for end in found.interval)
    spread = "" if found.std is None else f" ± {100 * found.std:.1f}"
    return f"{100 * found.mean:.1f}{spread} [{low:.1f}, {high:.1f}]"


def _in_short(found: Estimate) -> str:
    """The same without the interval, so that a line fits on a terminal."""
    return points(found).partition(" [")[0]


def told_tests(table: BenchmarkTable) -> list[list[str]]:
    """The cells of the tests that tell something: a single seed has no difference that varies."""
    return [difference_cells(test) for test in table.tests if test.seeds > 1]


def difference_cells(test: SeedTest) -> list[str]:
    """A test as the cells of a table, in points of a percent."""
    low, high = test.interval or (None, None)
    interval = "-" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}"
    chances = ["-" if p is None else f"{p:.2g}" for p in (test.p_value, test.adjusted)]
    return [test.a, test.b, test.metric, f"{100 * test.effect:+.1f}", interval, *chances, str(test.seeds)]


def _infeasible(table: BenchmarkTable) -> list[str]:
    return [f"{method}: infeasible: {reason}" for method, reason in table.infeasible.items()]


def _notes(table: BenchmarkTable) -> list[str]:
    return [f"Note: {note}" for note in table.remarks]


def _some(networks: list[str]) -> str:
    more = len(networks) - MOST_NAMED
    return "; ".join(networks[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
