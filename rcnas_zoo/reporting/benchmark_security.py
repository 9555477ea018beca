"""The security curves of a benchmark: what is left of every row as the radius grows."""

from typing import Any

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.reporting.benchmark_sections import shown_radius
from rcnas_zoo.reporting.drawing import COLOURS, MARKERS, new_figure, png
from rcnas_zoo.spec.threat import ThreatModel

MOST_TICKS = 8
"""Radii that have room for their own text below the axis."""


def security_curves(table: BenchmarkTable) -> bytes | None:
    """A PNG of robust accuracy over the radius, the clean accuracy at 0: each row's mean, and the range of its seeds.

    None if no radii were asked for.
    """
    if not table.radii:
        return None
    figure = new_figure(8.4, 4.8)
    axes = figure.subplots()
    radii = [0.0, *(float(ThreatModel.parse(threat).radius) for threat in table.radii)]
    for number, row in enumerate(table.measured):
        _draw(axes, number, row, radii, ["clean", *table.radii])
    norm = ThreatModel.parse(table.threat).norm
    axes.set(xlabel=f"radius ({norm}, share of the value range)", ylabel="accuracy in %", title=table.task)
    if len(radii) <= MOST_TICKS:
        axes.set_xticks(radii, ["0", *map(shown_radius, table.radii)])
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    return png(figure)


def _draw(axes: Any, number: int, row: Row, radii: list[float], names: list[str]) -> None:
    colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number // len(COLOURS) % len(MARKERS)]
    values = [[100 * value for value in row.values(name)] for name in names]
    means = [sum(each) / len(each) for each in values]
    axes.plot(radii, means, color=colour, marker=marker, markersize=5, label=row.method)
    axes.fill_between(radii, [min(each) for each in values], [max(each) for each in values], color=colour, alpha=0.1)
