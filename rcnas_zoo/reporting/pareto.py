"""A picture of what was found: cost against robust accuracy."""

from collections.abc import Mapping
from typing import Any

from rcnas_zoo.reporting.drawing import COLOURS, MARKERS, macs_unit, new_figure, png
from rcnas_zoo.search.pareto import Found, pareto_front, trained
from rcnas_zoo.spec.search import SearchProblem, SearchResult

WIDE = 10
"""Ratio of the largest to the smallest cost from which on the axis is logarithmic."""


def pareto_picture(searches: Mapping[str, SearchResult], problem: SearchProblem) -> bytes:
    """A PNG with MACs and robust accuracy of all networks that were trained, the Pareto front, budget and teacher.

    Args:
        searches: method name to its result.
        problem: the problem they share.
    """
    figure = new_figure(7.4, 4.8)
    axes, teacher = figure.subplots(), problem.teacher
    unit, name = macs_unit(max(teacher.macs, problem.budget))
    found = trained(searches)
    for number, method in enumerate(searches):
        own = [each for each in found if each.method == method]
        look = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        axes.scatter(*_points(own, unit), **look, alpha=0.7, s=34, label=method, zorder=3)
    _draw_front(axes, _points(pareto_front(searches), unit))
    axes.plot([teacher.macs / unit], [teacher.accuracy], "*", color="black", markersize=13, label="teacher", zorder=4)
    axes.axvline(problem.budget / unit, color="grey", linestyle="--", label="budget")
    costs = [teacher.macs, problem.budget, *(each.visit.outcome.macs for each in found)]
    if max(costs) > WIDE * min(costs):
        _make_logarithmic(axes)
    axes.set(
        xlabel=f"cost of one image ({name})",
        ylabel=f"accuracy under {problem.task.attack} ({problem.threat})",
        title=f"{problem.task}\n{problem.evaluation_samples} evaluation images, short training",
    )
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")
    return png(figure)


def _draw_front(axes: Any, points: tuple[list[float], list[float]]) -> None:
    axes.step(*points, where="post", color="black", linewidth=1, alpha=0.6, zorder=2)
    look = {"facecolors": "none", "edgecolors": "black", "linewidths": 1.2}
    axes.scatter(*points, s=110, **look, label="Pareto front", zorder=2)


def _make_logarithmic(axes: Any) -> None:
    """With a number at 1, 2 and 5 of each decade, for the powers of ten alone may be a single one."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _points(found: "list[Found] | tuple[Found, ...]", unit: float) -> tuple[list[float], list[float]]:
    outcomes = [each.visit.outcome for each in found]
    return [outcome.macs / unit for outcome in outcomes], [outcome.accuracy for outcome in outcomes]
