"""Pictures of a search, drawn with Matplotlib when asked for."""

from collections.abc import Mapping
from typing import Any

from rcnas_zoo.reporting.drawing import COLOURS, new_figure, png
from rcnas_zoo.spec.search import SearchProblem, SearchResult


def search_picture(searches: Mapping[str, SearchResult], problem: SearchProblem) -> bytes:
    """A PNG with the best reward so far of each search, and what every visited network costs and is worth.

    Args:
        searches: method name to its result.
        problem: the problem they share; its budget and teacher are marked.
    """
    figure = new_figure(11, 4.2)
    curves, cloud = figure.subplots(1, 2)
    for number, (method, result) in enumerate(searches.items()):
        colour = COLOURS[number % len(COLOURS)]
        _draw_curve(curves, method, result, colour)
        _draw_cloud(cloud, method, result, colour)
    curves.set(xlabel="networks visited", ylabel="best reward so far", title=str(problem.task))
    cloud.axvline(problem.budget / 1e6, color="grey", linestyle="--", label="budget")
    cloud.axhline(problem.teacher.accuracy, color="grey", linestyle=":", label="teacher")
    cloud.set(
        xlabel="cost of one image (million MACs)",
        ylabel=f"accuracy under {problem.task.attack} ({problem.threat})",
        title=f"evaluation split, {problem.evaluation_samples} images, proxy training",
    )
    for axes in (curves, cloud):
        axes.grid(alpha=0.3)
    figure.legend(*cloud.get_legend_handles_labels(), loc="outside lower center", ncols=6)  # hides no point
    return png(figure)


def _draw_curve(axes: Any, method: str, result: SearchResult, colour: str) -> None:
    best, series = float("-inf"), []
    for reward in result.rewards:
        best = max(best, reward)
        series.append(best)
    axes.step(range(1, len(series) + 1), series, where="post", color=colour, label=method)
    axes.plot(range(1, len(series) + 1), result.rewards, ".", color=colour, alpha=0.4)


def _draw_cloud(axes: Any, method: str, result: SearchResult, colour: str) -> None:
    trained = [visit.outcome for visit in result.visits if visit.outcome.status == "trained"]
    axes.scatter([o.macs / 1e6 for o in trained], [o.accuracy for o in trained], color=colour, alpha=0.6, label=method)
    if result.best is not None:
        best = result.best.outcome
        axes.scatter([best.macs / 1e6], [best.accuracy], s=130, facecolors="none", edgecolors=colour, linewidths=2)
