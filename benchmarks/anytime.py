"""Do intervals of sampled evaluations hold, and what do they save: two hundred repeats on 10,000 stored verdicts.

python benchmarks/anytime.py --data-root DIR

python benchmarks/report.py

A small network, adversarially trained on real Fashion-MNIST (the row ``fast``, seed 1, of training_rows.py), is
attacked on all 10,000 test images by PGD-20, which is cheap, and by AutoAttack, which is not: an hour or two on one
core, once. The verdicts are kept in the cache every 500 images, so that the same command goes on, and in the results as
bits. Then sampling is replayed on them under many seeds and tolerances.
"""

import sys
from pathlib import Path
from statistics import fmean, median
from typing import Any

import click
import torch
from machine import facts
from pairs import packed, unpacked
from results import FOLDER, Results
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from training_rows import THREAT, Choice, write_choice

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.evaluation.sampling import replay
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.threat import ThreatModel

CHEAP, COSTLY = "pgd-20", "autoattack"
PART = 500
TOLERANCES = (0.03, 0.02, 0.015, 0.01)
DRAWN_AT_ONCE = 50
IMAGES, EPOCHS, METHOD, SEED = 12_000, 6, "fast", 1


def network(cache: Path, data_root: Path | None) -> tuple[nn.Module, int]:
    """The network, trained now or before, and its MACs."""
    choice = Choice(IMAGES, 2_000, 160, EPOCHS, cache)
    write_choice(data_root, IMAGES, 2_000, cache / f"rows-{IMAGES}-2000.npz")
    (job,) = choice.jobs([METHOD], [SEED])
    model = build(job.training.spec).eval()
    model.load_state_dict(train_cached(job.training).last)
    return model, cost(job.training.spec).macs


def part(model: nn.Module, images: Images, start: int) -> dict[str, Tensor]:
    """Which of 500 images survive: clean, the cheap and the costly attack, each bool (500,)."""
    some = images.select(range(start, start + PART))
    points, labels = some.floats(), some.labels
    found = {}
    for name in ("clean", CHEAP, COSTLY):
        attack = make_attack(AttackName.parse(name), ThreatModel.parse(THREAT), 10)
        attacked = attack.perturb(model, points, labels, torch.Generator().manual_seed(start))
        with torch.no_grad():
            found[name] = model(attacked).argmax(1) == labels
    return found


def verdicts(model: nn.Module, images: Images, folder: Path) -> dict[str, Tensor]:
    """The verdicts on all images, part by part; parts that are there are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, len(images), PART):
        path = folder / f"{start:05}.safetensors"
        if not path.is_file():
            save_file(part(model, images, start), path.with_suffix(".new"))
            path.with_suffix(".new").rename(path)
            print(f"{start + PART} of {len(images)} images", file=sys.stderr, flush=True)
        parts.append(load_file(path))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def repeats(cheap: Tensor, costly: Tensor, tolerance: float, count: int) -> dict[str, Any]:
    """What sampling tells under so many seeds, beside what is true."""
    true = float((cheap & costly).double().mean())
    found = [replay(cheap, costly, tolerance, DRAWN_AT_ONCE, seed) for seed in range(count)]
    return {
        "tolerance": tolerance,
        "repeats": count,
        "covered": sum(one.interval[0] <= true <= one.interval[1] for one in found),
        "drawn": median(one.drawn for one in found),
        "most_drawn": max(one.drawn for one in found),
        "error": fmean(abs(one.value - true) for one in found),
    }


@click.command(help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the caches; default RCNAS_CACHE.")
@click.option("--repeats", "count", default=200, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(data_root: Path | None, cache: Path | None, count: int, results: Path) -> None:
    torch.set_num_threads(1)
    root = (cache or default_cache_root()).absolute()
    kept = Results.open(results / "anytime.json", facts(torch.device("cpu")))
    if not kept.find(what="verdicts"):
        model, macs = network(root, data_root)
        images = load_dataset("fashion-mnist", data_root).test()
        found = verdicts(model, images, root / "anytime")
        bits = {name: packed(verdict) for name, verdict in found.items()}
        kept.add({"what": "verdicts", "images": len(images), "macs": macs, "threat": THREAT, **bits})
    (stored,) = kept.find(what="verdicts")
    cheap, costly = (unpacked(stored[name], stored["images"]) for name in (CHEAP, COSTLY))
    for tolerance in TOLERANCES:
        if not kept.find(what="repeats", tolerance=tolerance, repeats=count):
            kept.add({"what": "repeats", **repeats(cheap, costly, tolerance, count)})


if __name__ == "__main__":
    main()
