"""A comparison of two networks for people."""

from rcnas_zoo.evaluation.paired import Paired
from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.workflows.compare import Comparison
from rcnas_zoo.workflows.comparison import WORST

SHOWN_BELOW = 0.05
_HEADER = ("attack", "A", "B", "A - B (points)", "95 % interval", "won", "lost", "p")


def comparison_text(comparison: Comparison) -> str:
    """The accuracies side by side, one sentence on the worst case, and every reason to doubt."""
    report = comparison.report_a
    follows = " and ".join(name.replace("dataset", "data set") for name in comparison.from_a)
    lines = [
        f"A: {comparison.model_a}",
        f"B: {comparison.model_b}",
        f"{report.samples} test images of {comparison.dataset}, threat {report.threat}, seed {report.seed}"
        + (f" ({follows} as of A)" if follows else ""),
        "",
        render_table(_HEADER, [_row(name, found) for name, found in _rows(comparison).items()]),
        "",
        verdict(comparison),
        *(f"warning: {name} is left out, it has no verdict for every image" for name in comparison.left_out),
        *(f"warning: A: {flag}" for flag in report.flags),
        *(f"warning: B: {flag}" for flag in comparison.report_b.flags),
    ]
    return "\n".join(lines)


def verdict(comparison: Comparison) -> str:
    """One sentence on the worst case: which network is better, if a difference is shown.

    It is shown where the p-value is below 0.05 and the interval does not hold 0. That is one test of one pair of
    networks; it tells nothing of how they were made, for which each way would need several trainings.
    """
    found = comparison.comparisons[WORST]
    low, high = found.interval
    if found.p_value >= SHOWN_BELOW or low <= 0 <= high:
        return f"no difference is shown: {_points(found.difference)} points ({_between(low, high)}), {_chance(found)}"
    better, flags = ("A", comparison.report_a.flags) if found.difference > 0 else ("B", comparison.report_b.flags)
    ends = (low, high) if found.difference > 0 else (-high, -low)
    does = "withstands more" if len(comparison.comparisons) > len(("clean", WORST)) else "is right more often"
    doubt = "; but see the warnings on it" if flags else ""
    return f"{better} {does}: {_points(abs(found.difference))} points ({_between(*ends)}), {_chance(found)}{doubt}"


def _rows(comparison: Comparison) -> dict[str, Paired]:
    """All there is to show: of one attack or none, the worst case would be the row above it."""
    rows = dict(comparison.comparisons)
    if len(rows) <= len(("clean", "one attack", WORST)):
        del rows[WORST]
    return rows


def _row(name: str, found: Paired) -> list[object]:
    count = found.both + found.only_a + found.only_b + found.neither
    right = [percent((found.both + only) / count) for only in (found.only_a, found.only_b)]
    return [
        *(name, *right, _points(found.difference), _between(*found.interval)),
        *(found.only_a, found.only_b, f"{found.p_value:.2g}"),
    ]


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _between(low: float, high: float) -> str:
    return f"{100 * low:.1f} to {100 * high:.1f}"


def _chance(found: Paired) -> str:
    return f"p = {found.p_value:.2g}"
