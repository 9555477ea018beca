"""The tables of a benchmark that stand below the main one: accuracies by radius, and what the searches cost."""

from collections.abc import Callable
from dataclasses import dataclass

from rcnas_zoo.baselines.rows import Row
from rcnas_zoo.baselines.statistics import Estimate
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.spec.threat import ThreatModel

_PIXEL_STEPS = (17, 51, 85, 255)
"""Denominators that a radius in steps of 1/255 may be left with."""


@dataclass(frozen=True)
class Section:
    """A table with a heading.

    Attributes:
        name: of its files, such as ``radii``.
        title: what stands above it.
        about: what its columns mean, in a line or two.
        header, rows: cells as text, one row for each measured row of the benchmark.
    """

    name: str
    title: str
    about: str
    header: list[str]
    rows: list[list[str]]


def sections(table: BenchmarkTable, show: Callable[[Estimate], str]) -> list[Section]:
    """Those that there is something to say in: radii that were asked for, and searches that were made.

    Args:
        table: what to show.
        show: an accuracy as text.
    """
    found = [_radii(table, show)] if table.radii else []
    if any(row.search_cost["visits"] for row in table.measured):
        found.append(_search_cost(table))
    return found


def shown_radius(threat: str) -> str:
    """The radius of a threat as text, in pixel steps where it is one: ``12/255``, not ``4/85``."""
    radius = ThreatModel.parse(threat).radius
    return f"{radius * 255}/255" if radius.denominator in _PIXEL_STEPS else str(radius)


def _radii(table: BenchmarkTable, show: Callable[[Estimate], str]) -> Section:
    names = ["clean", *table.radii]
    return Section(
        name="radii",
        title="Robust accuracy by radius",
        about=(
            "PGD-20 on all test images; radius 0 is the clean accuracy. What breaks an image in a ball counts in every "
            "larger one, so no curve rises."
        ),
        header=["method", "0", *map(shown_radius, table.radii)],
        rows=[[row.method, *(show(row.estimate(name)) for name in names)] for row in table.measured],
    )


def _search_cost(table: BenchmarkTable) -> Section:
    return Section(
        name="search-cost",
        title="Search cost",
        about=(
            "Means over the seeds, of all trials of a study. Seconds are those of the computation when it was first "
            "done: of training and attacking the networks that a search visits, of the search's own thinking, and of "
            "training what is kept (of a pruning all stages). The teacher that searches start from is not among them."
        ),
        header=[
            "method",
            "networks visited",
            "visits (s)",
            "thinking (s)",
            "final training (s)",
            "share of the search",
        ],
        rows=[_cost_cells(row) for row in table.measured],
    )


def _cost_cells(row: Row) -> list[str]:
    found = row.search_cost
    seconds = [f"{found[name]:.1f}" for name in ("visiting_seconds", "thinking_seconds", "training_seconds")]
    return [row.method, f"{found['visits']:.0f}", *seconds, f"{100 * found['share']:.0f} %"]
