"""The section on how quickly a graphics card trains."""

from report_text import machine_line, paragraph, percent, table
from results import Results, Row

HEADER = ("network", "MACs", "objective", "batch", "precision", "compiled", "images/s", "of peak", "warm-up, s")


def section(results: Results) -> str:
    """A row for every case that was timed; nothing without results."""
    rows = results.find(table="throughput")
    if not rows:
        return ""
    top = results.find(table="peak")[0]
    text = paragraph(
        "Updates of the training engine on random images (`python -m benchmarks.gpu throughput`), some seconds a case. "
        f"Matmul peak: {top['float32'] / 1e12:,.0f} TFLOP/s in float32, {top['bfloat16'] / 1e12:,.0f} in bfloat16. "
        "'Of peak' counts the operations that the objective needs, 2 a MAC forward, to the input and to the weights. "
        "The warm-up is the first updates, with compiling."
    )
    body = table(HEADER, [_cells(row) for row in rows])
    return "\n".join(["## Adversarial training on a graphics card\n", machine_line(results.machine), text, body])


def _cells(row: Row) -> list[str]:
    return [
        row["network"],
        f"{row['macs'] / 1e9:.2f} G",
        row["title"],
        str(row["batch"]),
        row["precision"],
        "yes" if row["compiled"] else "no",
        f"{row['images_per_second']:,.0f}",
        f"{percent(row['of_peak'])} %",
        f"{row['warmup_seconds']:.1f}",
    ]
