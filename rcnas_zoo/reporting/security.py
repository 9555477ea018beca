"""Pictures of a network under attack, drawn with Matplotlib when asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from rcnas_zoo.reporting.drawing import new_figure, png

MOST_NUMBERED = 20
"""Classes up to which every count is written into its square."""


def security_picture(
    title: str,
    clean: float,
    attacks: Mapping[str, Sequence[tuple[float, float]]],
    robust: Sequence[tuple[float, float, tuple[float, float]]],
) -> bytes:
    """A PNG of accuracies over the radius, from the clean accuracy at radius 0 on.

    Args:
        title: what is shown.
        clean: the clean accuracy.
        attacks: attack name to radius and accuracy, ascending.
        robust: radius, worst case over the attacks, and its interval, ascending.
    """
    figure = new_figure(6.4, 4.2)
    axes = figure.subplots()
    for name, points in attacks.items():
        axes.plot(*_columns([(0.0, clean), *points]), marker="o", markersize=3, alpha=0.7, label=name)
    radii, values, intervals = zip((0.0, clean, (clean, clean)), *robust, strict=True)
    axes.plot(radii, values, color="black", linewidth=2, label="worst case")
    axes.fill_between(radii, *_columns(intervals), color="black", alpha=0.12, label="95 % interval")
    axes.set(xlabel="radius (share of the value range)", ylabel="accuracy", ylim=(0, 1), title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    return png(figure)


def confusion_picture(title: str, clean: Sequence[Sequence[int]], robust: Sequence[Sequence[int]]) -> bytes:
    """A PNG of two confusion matrices side by side: rows are the classes, columns what the network sees."""
    figure = new_figure(10, 4.6)
    for axes, name, counts in zip(figure.subplots(1, 2), ("clean", "under attack"), (clean, robust), strict=True):
        shares = [[count / max(sum(row), 1) for count in row] for row in counts]
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set(xlabel="seen as", ylabel="class", title=name)
        if len(counts) <= MOST_NUMBERED:
            _number(axes, counts, shares)
    figure.colorbar(image, ax=figure.axes, label="share of the class")
    figure.suptitle(title)
    return png(figure)


def _number(axes: Any, counts: Sequence[Sequence[int]], shares: Sequence[Sequence[float]]) -> None:
    axes.set(xticks=range(len(counts)), yticks=range(len(counts)))
    for row, numbers in enumerate(counts):
        for column, count in enumerate(numbers):
            if count:
                colour = "white" if shares[row][column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=colour)


def _columns(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]
