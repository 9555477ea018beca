"""A network under common corruptions, for people."""

from rcnas_zoo.spec.tables import percent, render_table
from rcnas_zoo.workflows.corruptions import CorruptionReport, Withstood


def corruptions_text(report: CorruptionReport) -> str:
    """A row for each corruption, the means over all, and the worst."""
    most = max(len(found.right) for found in report.corruptions.values())
    header = ["corruption", *(f"severity {place + 1}" for place in range(most)), "mean", "95 % interval"]
    counts = f"{len(report.corruptions)} corruptions of {report.source}, {report.samples} images in all"
    rows = [[name, *_cells(found, most)] for name, found in report.corruptions.items()]
    return "\n".join(
        [
            f"{report.model} on {counts}",
            "",
            render_table(header, rows),
            "",
            f"mean accuracy {percent(report.mean_accuracy)}, mean corruption error "
            f"{percent(report.mean_corruption_error)} (1 - accuracy, not divided by that of another network)",
            f"worst: {report.worst}, {percent(report.corruptions[report.worst].mean)}",
        ]
    )


def _cells(found: Withstood, most: int) -> list[str]:
    missing = [percent(None)] * (most - len(found.right))
    low, high = found.interval
    shares = [percent(share) for share in found.accuracies]
    return [*shares, *missing, percent(found.mean), f"{percent(low)} to {percent(high)}"]
