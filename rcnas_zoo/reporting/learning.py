"""A picture of how searches learn (RC-NAS Fig. 3)."""

from collections.abc import Mapping
from itertools import accumulate

from rcnas_zoo.reporting.drawing import COLOURS, MARKERS, new_figure, png
from rcnas_zoo.spec.search import SearchProblem, SearchResult

LINES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))


def learning_picture(searches: Mapping[str, SearchResult], problem: SearchProblem) -> bytes:
    """A PNG with the reward of every query of each search, and beside it the best reward so far.

    Where one agent starts from a policy (``rc-nas``) and another from nothing (``r-nas``), the two curves are those of
    Fig. 3, but for the ordinate: ours is the reward, from which they learn.

    Args:
        searches: method name to its result.
        problem: the problem they share.
    """
    figure = new_figure(10, 4.2)
    queries, best = figure.subplots(1, 2, sharey=True)
    for number, (method, result) in enumerate(searches.items()):
        colour, marker, line = (look[number % len(look)] for look in (COLOURS, MARKERS, LINES))
        places = range(1, len(result.rewards) + 1)
        queries.plot(places, result.rewards, color=colour, marker=marker, markersize=4, linewidth=0.8, linestyle=line)
        running = list(accumulate(result.rewards, max))
        best.step(places, running, where="post", color=colour, linestyle=line, label=method, linewidth=2)
        best.plot(places[-1:], running[-1:], color=colour, marker=marker)
    queries.set(xlabel="query", ylabel="reward", title="reward of each network visited")
    best.set(xlabel="query", title="best reward so far")
    for axes in (queries, best):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    if searches:
        best.legend(loc="lower right")
    figure.suptitle(str(problem.task))
    return png(figure)
