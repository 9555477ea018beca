"""The section on how the time of an attack grows."""

from statistics import median

from report_text import machine_line, paragraph, table
from results import Results

WHAT = {"images": "PGD-20, images", "steps": "PGD on 125 images, steps", "classes": "APGD-T and FAB-T, classes"}


def section(results: Results) -> str:
    """A row for each thing that grows: seconds, and the ratio to the first."""
    text = paragraph(
        "An untrained WRN-10-1, images that never break, one thread: medians of seconds, and in brackets how many "
        "times the first of the row. The targeted parts aim at no more than nine classes, so that more cost nothing."
    )
    rows = []
    for what, name in WHAT.items():
        values = sorted({row["value"] for row in results.find(what=what)})
        times = [median(row["seconds"] for row in results.find(what=what, value=value)) for value in values]
        cells = [f"{value}: {time:.2f} ({time / times[0]:.1f})" for value, time in zip(values, times, strict=True)]
        rows.append([name, *cells])
    return "\n".join(["## Growth of attacks\n", text, machine_line(results.machine), table(["", "", "", "", ""], rows)])
