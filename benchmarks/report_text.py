"""Pieces of Markdown."""

from collections.abc import Sequence
from statistics import fmean, stdev
from textwrap import fill

from results import Row


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; all columns but the first stand to the right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows)) + "\n"


def paragraph(text: str) -> str:
    """A text in lines of ordinary length."""
    return fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def machine_line(machine: Row) -> str:
    """What it ran on."""
    card = f"{machine['card']}, " if "card" in machine else ""
    cores = "1 core" if machine["cores"] == 1 else f"{machine['cores']} cores"
    return paragraph(f"Machine: {card}{machine['processor']}, {cores}, torch {machine['torch']}.")


def percent(share: float) -> str:
    """0.4567 as ``45.7``."""
    return f"{100 * share:.1f}"


def mean_and_spread(shares: Sequence[float]) -> str:
    """``45.7 ± 0.3``: mean and standard deviation, in percent."""
    spread = f" ± {percent(stdev(shares))}" if len(shares) > 1 else ""
    return percent(fmean(shares)) + spread
