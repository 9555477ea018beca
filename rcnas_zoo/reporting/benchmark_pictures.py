"""Pictures of a benchmark on one task."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.reporting.compression import compression_picture
from rcnas_zoo.reporting.drawing import COLOURS, MARKERS, macs_unit, new_figure, png
from rcnas_zoo.reporting.learning import LINES
from rcnas_zoo.search.pareto import unbeaten
from rcnas_zoo.spec.residual import ResidualSpec

MOST_BARS = 5
"""Networks that the bars of a stage have room for."""
STEP = 5.0
"""Points between rows of nearly the same cost."""
CLOSE = 0.01
_RING = {"s": 150, "facecolors": "none", "edgecolors": "black"}


def cost_picture(table: BenchmarkTable) -> bytes:
    """A PNG of every row's cost and robust accuracy, with its interval; the rows on the Pareto front are ringed.

    Rows of nearly the same cost, such as prunings, which all end at the budget, are drawn a little beside one another.
    """
    figure = new_figure(8.4, 4.8)
    axes = figure.subplots()
    rows = table.measured
    unit, name = macs_unit(round(max([table.budget, *(row.mean("macs") for row in rows)])))
    front = pareto_rows(rows)
    for number, (row, step) in enumerate(zip(rows, side_steps([row.mean("macs") for row in rows]), strict=True)):
        _draw_cost(axes, number, row, unit, step, on_front=row in front)
    axes.margins(x=0.1)
    axes.autoscale_view()
    if front:
        axes.scatter([], [], **_RING, label="Pareto front")
    axes.axvline(table.budget / unit, color="grey", linestyle="--", label="budget")
    axes.set(xlabel=f"cost of one image ({name})", ylabel=f"robust accuracy in %, {table.threat}", title=table.task)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    return png(figure)


def _draw_cost(axes: Any, number: int, row: Row, unit: float, step: float, *, on_front: bool) -> None:
    from matplotlib.transforms import ScaledTranslation

    found, place = row.estimate("robust"), row.mean("macs") / unit
    low, high = found.interval
    axes.update_datalim([(place, 100 * low), (place, 100 * high)])  # what is drawn aside does not stretch the axes
    beside = axes.transData + ScaledTranslation(STEP * step / 72, 0, axes.figure.dpi_scale_trans)
    look = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number // len(COLOURS) % len(MARKERS)]}
    axes.errorbar(
        [place], [100 * found.mean], [[100 * (found.mean - low)], [100 * (high - found.mean)]], **look,
        capsize=3, linestyle="none", label=row.method, transform=beside,
    )  # fmt: skip
    if on_front:
        # A scatter's places have a transform of their own, so the ring is a line of one point.
        axes.plot([place], [100 * found.mean], "o", markersize=12, fillstyle="none", color="black", transform=beside)


def side_steps(costs: Sequence[float]) -> list[float]:
    """How many steps to the right each row stands of its true cost: 0 where it is alone, else centred on the group.

    Args:
        costs: one a row, in any order; those within a `CLOSE` share of the largest count as the same.
    """
    near = CLOSE * max(costs, default=0.0)
    groups = [[other for other, cost in enumerate(costs) if abs(cost - mine) <= near] for mine in costs]
    return [group.index(number) - (len(group) - 1) / 2 for number, group in enumerate(groups)]


def pareto_rows(rows: Sequence[Row]) -> list[Row]:
    """The rows that no other beats in cost and robust accuracy at once, from the cheapest on."""
    front = unbeaten(rows, lambda row: (-row.mean("macs"), row.estimate("robust").mean))
    return sorted(front, key=lambda row: row.mean("macs"))


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
    results = [(row.method, result) for row in table.measured for result in row.results]
    networks = {method: result.spec for method, result in results if result.seed == table.seeds[0]}
    fitting = {
        method: spec
        for method, spec in networks.items()
        if isinstance(spec, ResidualSpec) and len(spec.stages) == len(teacher.stages) and spec != teacher
    }
    chosen = dict(list(fitting.items())[:MOST_BARS])
    title = f"{table.task}: networks of seed {table.seeds[0]}, stage by stage"
    return compression_picture(title, teacher, chosen) if chosen else None
