"""Pictures of a search, drawn with Matplotlib when asked for."""

import io
from collections.abc import Mapping
from typing import Any

from rcnas_zoo.spec.search import SearchProblem, SearchResult


def search_picture(searches: Mapping[str, SearchResult], problem: SearchProblem) -> bytes:
    """A PNG with the best reward so far of each search, and what every visited network costs and is worth.

    Args:
        searches: method name to its result.
        problem: the problem they share; its budget and teacher are marked.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    curves, cloud = figure.subplots(1, 2)
    for colour, (method, result) in enumerate(searches.items()):
        _draw_curve(curves, method, result, f"C{colour}")
        _draw_cloud(cloud, method, result, f"C{colour}")
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
        axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": "rcnas-zoo"})
    return buffer.getvalue()


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
