"""Pictures of a benchmark on one task."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.reporting.compression import compression_picture
from rcnas_zoo.reporting.drawing import COLOURS, MARKERS, macs_unit, new_figure, png
from rcnas_zoo.reporting.learning import LINES
from rcnas_zoo.spec.residual import ResidualSpec

MOST_BARS = 5
"""Networks that the bars of a stage have room for."""


def cost_picture(table: BenchmarkTable) -> bytes:
    """A PNG of every row's cost and robust accuracy, with its interval; the rows on the Pareto front are ringed."""
    figure = new_figure(8.4, 4.8)
    axes = figure.subplots()
    rows = table.measured
    unit, name = macs_unit(round(max([table.budget, *(row.mean("macs") for row in rows)])))
    for number, row in enumerate(rows):
        found, place = row.estimate("robust"), row.mean("macs") / unit
        low, high = found.interval
        look = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number // len(COLOURS) % len(MARKERS)]}
        axes.errorbar(
            [place], [100 * found.mean], [[100 * (found.mean - low)], [100 * (high - found.mean)]], **look,
            capsize=3, linestyle="none", label=row.method,
        )  # fmt: skip
    front = [(row.mean("macs") / unit, 100 * row.estimate("robust").mean) for row in pareto_rows(rows)]
    axes.scatter(*zip(*front, strict=True), s=150, facecolors="none", edgecolors="black", label="Pareto front")
    axes.axvline(table.budget / unit, color="grey", linestyle="--", label="budget")
    axes.set(xlabel=f"cost of one image ({name})", ylabel=f"robust accuracy in %, {table.threat}", title=table.task)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    return png(figure)


def pareto_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other beats in cost and robust accuracy at once, from the cheapest on."""
    front: list[Row] = []
    for row in sorted(rows, key=lambda row: (row.mean("macs"), -row.estimate("robust").mean)):
        if not front or row.estimate("robust").mean > front[-1].estimate("robust").mean:
            front.append(row)
    return front


def search_curves(table: BenchmarkTable) -> bytes | None:
    """A PNG with the best reward so far of every search, mean and range of its seeds (RC-NAS Fig. 3).

    None if no row searched.
    """
    rows = [row for row in table.measured if all(result.rewards for result in row.results)]
    if not rows:
        return None
    figure = new_figure(7.4, 4.4)
    axes = figure.subplots()
    for number, row in enumerate(rows):
        _draw_curve(axes, number, row)
    axes.set(xlabel="networks visited", ylabel="best reward so far (evaluation split)", title=table.task)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return png(figure)


def _draw_curve(axes: Any, number: int, row: Row) -> None:
    curves = list(zip(*(accumulate(result.rewards, max) for result in row.results), strict=False))
    places = range(1, len(curves) + 1)
    colour, line = COLOURS[number % len(COLOURS)], LINES[number % len(LINES)]
    means = [sum(values) / len(values) for values in curves]
    axes.step(places, means, where="post", color=colour, linestyle=line, label=row.method, linewidth=2)
    axes.fill_between(
        places, *zip(*((min(v), max(v)) for v in curves), strict=True), step="post", color=colour, alpha=0.12
    )


def stage_picture(table: BenchmarkTable, teacher: ResidualSpec) -> bytes | None:
    """A PNG of what is left of the teacher, stage by stage, in each row's network of the first seed (Fig. 1, 4, 6).

    None if no row has a residual network of as many stages that differs from the teacher.
    """
    networks = {row.method: row.results[0].spec for row in table.measured}
    fitting = {
        method: spec
        for method, spec in networks.items()
        if isinstance(spec, ResidualSpec) and len(spec.stages) == len(teacher.stages) and spec != teacher
    }
    chosen = dict(list(fitting.items())[:MOST_BARS])
    title = f"{table.task}: networks of seed {table.seeds[0]}, stage by stage"
    return compression_picture(title, teacher, chosen) if chosen else None
