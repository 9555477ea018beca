"""The sections on the methods, and on two workers."""

from statistics import fmean, median

from report_text import machine_line, mean_and_spread, paragraph, table
from results import Results, Row

METHODS = ("clean", "fast", "sat", "trades", "mart")
MEASURES = ("clean", "pgd-20", "autoattack")


def methods(results: Results) -> str:
    """A row a method, of the sizes measured last."""
    last = results.rows[-1]
    size = {name: last[name] for name in ("images", "attacked", "dear", "epochs")}
    rows = results.find(**size)
    named = [(method, [row for row in rows if row["method"] == method]) for method in METHODS]
    header = ["method", "seeds", "clean", "PGD-20", "PGD-20, few", "AutoAttack, few", "seconds a training"]
    cells = [_row(method, found) for method, found in named if found]
    text = paragraph(
        "Fashion-MNIST at linf@1/10, a WRN-10-1 with a stem of stride 2 (2.6 M MACs), "
        f"{size['images']:,} training images, {size['epochs']} epochs, batch 64, bfloat16, the last epoch. Clean and "
        f"PGD-20 on {size['attacked']:,} test images; 'few' are the first {size['dear']} of them, for AutoAttack is "
        "dear. Percent, mean ± standard deviation over seeds. These compare methods under one small budget; they are "
        "no records."
    )
    return "\n".join(["## The methods on real images\n", text, machine_line(results.machine), table(header, cells)])


def _row(method: str, found: list[Row]) -> list[str]:
    shares = [mean_and_spread([row[name] for row in found]) for name in ("clean", "pgd-20", "pgd-20_few", "autoattack")]
    return [method, str(len(found)), *shares, f"{fmean(row['training_seconds'] for row in found):.0f}"]


def workers(results: Results) -> str:
    """Two candidates by two workers and one after the other."""
    last = results.rows[-1]
    size = {name: last[name] for name in ("model", "epochs")}
    rows = results.find(**size)
    alone, together = (_by_round(rows, count, ("seconds",)) for count in (1, 2))
    whole_alone, whole_together = (_by_round(rows, count, ("seconds", "start")) for count in (1, 2))
    text = paragraph(
        f"Two trainings of a {size['model']} on digits ({size['epochs']} epochs, one thread each), by two worker "
        "processes against one after the other; rounds alternate. 'With start' counts the first jobs too, in which the "
        "worker processes load torch: once in a search."
    )
    header = ["", "one after the other, s", "two workers, s", "ratio"]
    cells = [
        ["the candidates", _seconds(alone), _seconds(together), _ratio(together, alone)],
        ["with start", _seconds(whole_alone), _seconds(whole_together), _ratio(whole_together, whole_alone)],
    ]
    return "\n".join(["## Two candidates, two workers\n", text, machine_line(results.machine), table(header, cells)])


def plans(results: Results) -> str:
    """What a plan of rows says, and what they took."""
    names = ("task", "iterations", "search_epochs", "final_epochs", "subset_samples")
    tasks = sorted({str(row["task"]) for row in results.rows})
    text = paragraph(
        "`rcnas-zoo plan TASK --methods ROW` was asked for each row, and the row then run, alone, in a fresh process, "
        "on one core and one seed, beside a teacher that was trained already; on "
        f"{', '.join(tasks)}. Seconds are those that the process computed. What is off is mostly what nobody knows "
        "beforehand: which networks a search visits, and how many images withstand AutoAttack."
    )
    header = ["row", "networks a search visits", "planned, s", "took, s", "error", "planned, MiB", "had, MiB", "error"]
    last = {(row["method"], *(row[name] for name in names)): row for row in results.rows}
    cells = [[row["method"], str(row["iterations"]), *_against(row)] for row in last.values()]
    return "\n".join(["## What a plan is worth\n", text, machine_line(results.machine), table(header, cells)])


def _against(row: Row) -> list[str]:
    sizes = [row["planned_bytes"] / 2**20, row["peak_bytes"] / 2**20]
    times = [f"{row['planned']:.1f}", f"{row['took']:.1f}", off(row["planned"], row["took"])]
    return [*times, *(f"{size:.0f}" for size in sizes), off(*sizes)]


def off(planned: float, real: float) -> str:
    """How far a plan is off, as a share of what came."""
    return f"{100 * (planned / real - 1):+.0f} %"


def _by_round(rows: list[Row], workers: int, names: tuple[str, ...]) -> dict[int, float]:
    return {row["round"]: sum(row[name] for name in names) for row in rows if row["workers"] == workers}


def _seconds(rounds: dict[int, float]) -> str:
    return f"{median(rounds.values()):.1f}"


def _ratio(mine: dict[int, float], theirs: dict[int, float]) -> str:
    ratios = [mine[number] / theirs[number] for number in sorted(mine.keys() & theirs.keys())]
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if ratios else "-"
