"""A picture of how fast search methods get near the best network, drawn with Matplotlib when asked for."""

import io
from collections.abc import Mapping

from rcnas_zoo.search.standings import Curve

# Okabe and Ito 2008: colours that people who confuse some can tell apart. Dashes tell those that come round again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":")
TICKS = (0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)


def regret_picture(title: str, curves: Mapping[str, Curve]) -> bytes:
    """A PNG of the mean simple regret of the best network so far, with 95 % bands over the tasks.

    Args:
        title: what is shown.
        curves: method name to its curve, in the order of the legend.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 5), layout="constrained")
    axes = figure.subplots()
    for place, (name, curve) in enumerate(curves.items()):
        colour, dash = COLOURS[place % len(COLOURS)], DASHES[place // len(COLOURS) % len(DASHES)]
        queries = range(1, len(curve.mean) + 1)
        axes.fill_between(queries, curve.low, curve.high, color=colour, alpha=0.1, linewidth=0)
        axes.plot(queries, curve.mean, dash, color=colour, linewidth=1.8, label=f"{name}  {curve.mean[-1]:.3f}")
    axes.set(xlabel="networks evaluated", ylabel="simple regret of the best so far", title=title)
    # Regrets shrink by a factor of ten and more; below the threshold the axis is linear, for some reach 0.
    axes.set_yscale("symlog", linthresh=0.01, linscale=0.5)
    ticks = (*(-tick for tick in reversed(TICKS[1:])), *TICKS)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
    # A regret is below 0 only where a model promises more than any network of a table has.
    lowest = min(0.0, *(min(curve.mean) for curve in curves.values()))
    axes.set_ylim(lowest, max(1.0, *(max(curve.high) for curve in curves.values())))
    axes.margins(x=0.01)
    axes.grid(alpha=0.3)
    axes.legend(title="method, regret at the end", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": "rcnas-zoo"})
    return buffer.getvalue()
