"""The section on searches whose networks are really trained."""

from statistics import fmean, median

from report_text import machine_line, paragraph, percent, table
from results import Results, Row

HEADER = (
    "method",
    "searches",
    "best reward",
    "lowest to highest",
    "robust accuracy of the best",
    "its MACs",
    "training and attacks, s a search",
    "search itself, s",
)


def section(results: Results) -> str:
    """A row for each method, of the number of queries measured last."""
    rows = latest(results)
    methods = list(dict.fromkeys(row["method"] for row in rows))
    found = {method: [row for row in rows if row["method"] == method] for method in methods}
    ordered = sorted(methods, key=lambda method: -fmean(max(row["rewards"]) for row in found[method]))
    title = "## Searches with real training\n"
    paid = prices(rows)
    cells = [_cells(method, found[method], paid) for method in ordered]
    parts = [title, _setting(results, rows), machine_line(results.machine), table(HEADER, cells), _shared(rows, paid)]
    return "\n".join(parts)


def latest(results: Results) -> list[Row]:
    """The searches of the number of queries measured last, one for each method and seed: that of the last policy."""
    queries = results.find(what="search")[-1]["queries"]
    rows = {(row["method"], row["seed"]): row for row in results.find(what="search", queries=queries)}
    return list(rows.values())


def _setting(results: Results, rows: list[Row]) -> str:
    (teacher,) = results.find(what="teacher")
    return paragraph(
        f"The task `{teacher['task']}` on Fashion-MNIST averaged over 2x2 pixels, without a table: each network that a "
        f"method asks for is trained on {teacher['images']:,} images for {teacher['epochs']} epochs and attacked on "
        f"{teacher['evaluation_images']}. The teacher has {teacher['macs'] / 1e6:.1f} M MACs and "
        f"{percent(teacher['accuracy'])} % robust accuracy. Every search visits {rows[0]['queries']} networks within "
        "the budget, out of all compressions of the teacher. Best reward: mean over the searches (Eq. 4); accuracy and "
        "MACs are means over their best networks. 'Search itself' is the median of the time that a search takes beside "
        "its evaluations. A few seeds of one task show what a search costs and that it works; which method is better "
        "is for the oracles to say."
    )


def prices(rows: list[Row]) -> dict[str, float]:
    """Digest of a network to the seconds of its training and attack; a later search may have found parts of it done."""
    paid: dict[str, float] = {}
    for row in rows:
        for digest, seconds in zip(row["digests"], row["evaluation_seconds"], strict=True):
            paid[digest] = max(seconds, paid.get(digest, 0.0))
    return paid


def _cells(method: str, rows: list[Row], paid: dict[str, float]) -> list[str]:
    best = [max(range(len(row["rewards"])), key=row["rewards"].__getitem__) for row in rows]
    rewards, accuracies, macs = (
        [row[name][place] for row, place in zip(rows, best, strict=True)] for name in ("rewards", "accuracies", "macs")
    )
    return [
        method,
        str(len(rows)),
        f"{fmean(rewards):.3f}",
        f"{min(rewards):.3f} to {max(rewards):.3f}",
        f"{percent(fmean(accuracies))} %",
        f"{fmean(macs) / 1e3:,.0f} K",
        f"{fmean(sum(paid[digest] for digest in {*row['digests']}) for row in rows):,.0f}",
        f"{median(row['overhead'] for row in rows):.2f}",
    ]


def _shared(rows: list[Row], paid: dict[str, float]) -> str:
    """What the common cache saved."""
    asked, overhead = sum(len(row["digests"]) for row in rows), sum(row["overhead"] for row in rows)
    trained = sum(paid.values())
    return paragraph(
        f"{asked} networks were asked for and {len(paid)} trained: {asked - len(paid)} times one had been trained "
        f"before. Training and attacking took {trained:,.0f} s, the searches themselves {overhead:,.1f} s: "
        f"{overhead / (overhead + trained):.2%} of all."
    )
