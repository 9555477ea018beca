"""The section on methods of pruning."""

from statistics import fmean

import numpy as np
from report_text import machine_line, mean_and_spread, paragraph, table
from results import Results, Row
from scipy.stats import norm

METHODS = ("magnitude", "magnitude-global", "hydra", "harp", "r-admm")
BASELINE = "magnitude"
MEASURES = ("clean", "pgd-20")


def section(results: Results) -> str:
    """A row a method, of the sizes measured last, with its differences to magnitude."""
    last = results.rows[-1]
    size = {name: last[name] for name in ("images", "attacked", "pretrain", "after", "keep")}
    rows = {method: {row["seed"]: row for row in results.find(method=method, **size)} for method in METHODS}
    header = ["method", "seeds", "parameters", "MACs", "clean", "PGD-20", "clean - magnitude", "PGD-20 - magnitude"]
    cells = [_cells(found, rows[BASELINE]) | {"method": method} for method, found in rows.items() if found]
    text = paragraph(
        f"Fashion-MNIST at 14x14 pixels and linf@1/10, a WRN-10-1 with a stem of stride 2, {size['images']:,} training "
        f"images; {size['pretrain']} epochs of SAT with 3 steps before pruning and {size['after']} after it, in which "
        f"a share of {size['keep']:g} of the weights is kept. Clean and PGD-20 on the same {size['attacked']:,} test "
        "images. Percent, mean ± standard deviation over seeds; parameters and MACs are effective ones. Differences "
        "are those to magnitude from the same pretrained network, averaged over seeds, in points, with their 95 % "
        "interval over test images; it says nothing of other training runs than these."
    )
    body = table(header, [[str(cell[name]) for name in header] for cell in cells])
    return "\n".join(["## Robust pruning\n", text, machine_line(results.machine), body])


def _cells(found: dict[int, Row], baseline: dict[int, Row]) -> dict[str, str]:
    one = list(found.values())
    cells = {
        "seeds": str(len(one)),
        "parameters": f"{fmean(row['parameters'] for row in one):,.0f}",
        "MACs": f"{fmean(row['macs'] for row in one):,.0f}",
    }
    for name, title in zip(MEASURES, ("clean", "PGD-20"), strict=True):
        cells[title] = mean_and_spread([row[name] for row in one])
        cells[f"{title} - magnitude"] = _difference(found, baseline, name)
    return cells


def _difference(found: dict[int, Row], baseline: dict[int, Row], name: str) -> str:
    seeds = sorted(set(found) & set(baseline))
    if not seeds or found is baseline:
        return "-"
    mean, half = paired(
        np.array([_verdicts(found[seed], name) for seed in seeds]),
        np.array([_verdicts(baseline[seed], name) for seed in seeds]),
    )
    return f"{100 * mean:+.1f} ({100 * (mean - half):+.1f} to {100 * (mean + half):+.1f})"


def paired(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """Mean difference of two sets of verdicts (seeds, images), and half its 95 % interval over images.

    The seeds share their images, so an image counts once, with its mean over seeds.
    """
    each = (ours.astype(float) - theirs.astype(float)).mean(0)
    return float(each.mean()), float(norm.ppf(0.975) * each.std(ddof=1) / np.sqrt(len(each)))


def _verdicts(row: Row, name: str) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(row["verdicts"][name]), np.uint8))[: row["attacked"]]
