"""What all pictures share: figures, colours that everybody can tell apart, and bytes that are the same every time."""

import io
from typing import Any

COLOURS = ("#1f77b4", "#ff7f0e", "#4d4d4d", "#cc79a7", "#009e73")
"""Blue, orange, dark grey, pink, green; told apart also by eyes that see no red or no green, and by their lightness."""

MARKERS = ("o", "s", "^", "D", "v")
"""One for each colour, so that a print without colours can be read too."""


def new_figure(width: float, height: float) -> Any:
    """An empty figure, in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def png(figure: Any) -> bytes:
    """The picture as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": "rcnas-zoo"})
    return buffer.getvalue()


def macs_unit(macs: int) -> tuple[float, str]:
    """What MACs are divided by in a picture in which the largest number is ``macs``, and the name of that unit."""
    return (1e9, "billion MACs") if macs >= 10**9 else (1e6, "million MACs")
