"""The section on what the speed costs in accuracy."""

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from pairs import Difference, by_image, by_seed, pooled, unpacked
from report_text import paragraph, percent, table
from results import Row
from torch import Tensor
from training_parity import ATTACK, Pairing

TARGET = -0.015


def section(files: Sequence[Path]) -> str:
    """Fast against plain, seed by seed and together."""
    found = {(row["loop"], row["seed"]): row for row in (json.loads(path.read_text()) for path in files)}
    seeds = sorted({seed for loop, seed in found if {("plain", seed), ("fast", seed)} <= found.keys()})
    if not seeds:
        return ""
    pairs = [(found["plain", seed], found["fast", seed]) for seed in seeds]
    text = [_introduction(pairs[0][0]), _table(pairs)]
    if len(seeds) > 1:
        text.append(_verdict(torch.stack([_differences(plain, fast, ATTACK) for plain, fast in pairs])))
    return "\n".join(text)


def _introduction(row: Row) -> str:
    pairing = Pairing(**row["pairing"])
    recipe = pairing.recipe("float32")
    return "## Robust accuracy of the fast loop against the plain one\n\n" + paragraph(
        f"Fashion-MNIST at 28x28, {pairing.model}, {recipe.objective.upper()}-{recipe.attack_steps} at "
        f"{recipe.threat}, {pairing.images:,} training images, {pairing.epochs} epochs, batch {pairing.batch}. Plain: "
        "float32, as above. Fast: our loop in bfloat16, channels last. A pair starts from the same weights and sees "
        f"the same images; both networks are attacked in float32 by {ATTACK.upper()} on the same {row['samples']:,} "
        "test images with the same random starts."
    )


def _table(pairs: Sequence[tuple[Row, Row]]) -> str:
    header = ["seed", "clean, plain", "clean, fast", f"{ATTACK}, plain", f"{ATTACK}, fast", "difference"]
    rows = []
    for plain, fast in pairs:
        shares = [row[name] for name in ("clean_accuracy", "robust_accuracy") for row in (plain, fast)]
        difference = float(_differences(plain, fast, ATTACK).double().mean())
        rows.append([str(plain["seed"]), *map(percent, shares), f"{100 * difference:+.2f}"])
    return table(header, rows)


def _differences(plain: Row, fast: Row, attack: str) -> Tensor:
    """Fast less plain, image by image: int (N,) in {-1, 0, 1}."""
    return unpacked(fast[attack], fast["samples"]).int() - unpacked(plain[attack], plain["samples"]).int()


def _verdict(differences: Tensor) -> str:
    overall = pooled(differences)
    met = "met" if overall.low >= TARGET else "not met"
    return paragraph(
        f"Difference in {ATTACK.upper()} accuracy, fast less plain, all {differences.numel():,} pairs pooled: "
        f"**{_points(overall)}** points (95 % interval; wanted: lower end at least {100 * TARGET:.1f}, {met}). With "
        f"each image one draw: {_points(by_image(differences))}. With each pair of trainings one draw (Student's t, "
        f"{len(differences)} seeds): {_points(by_seed(differences))}; that interval also holds the luck of a training, "
        "which two plain trainings from different seeds have too."
    )


def _points(found: Difference) -> str:
    return f"{100 * found.mean:+.2f} ({100 * found.low:+.2f} to {100 * found.high:+.2f})"
