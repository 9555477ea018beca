"""Verdicts of our attacks against those of the reference codes, on the same networks and images.

git clone https://github.com/fra31/auto-attack DIR

python benchmarks/attack_parity.py --data-root FOLDER --autoattack DIR

python benchmarks/report.py

AutoAttack against the code of its authors and against torchattacks with the official numbers, two seeds each; PGD-20 of
``--protocol rrn`` against a straight loop from the same starts. The networks: robust-2m of the catalogue on the digits,
and those that training_rows.py trains on Fashion-MNIST by SAT, TRADES and MART (minutes each, kept in the cache). Every
measurement is kept at once: the same command again goes on where it stopped.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import torch
from libraries import LIBRARIES, Target, ours, present
from machine import facts
from pairs import packed
from results import FOLDER, Results
from straight_pgd import straight_pgd
from torch import Tensor, nn
from training_rows import THREAT, Choice, write_choice

from rcnas_zoo import load
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.networks.build import build

CATALOGUE, DIGITS_THREAT = "robust-2m", "linf@1/5"
METHODS = ("sat", "trades", "mart")
NETWORKS = (CATALOGUE, *METHODS)
COMPARED = ("ours", "torchattacks", "official")
AUTOATTACK, PGD = "autoattack", "pgd-20 rrn"
LOOP = "straight loop"
SEEDS = (0, 1)


@dataclass(frozen=True)
class Places:
    """Where data and trainings are."""

    data_root: Path | None
    cache: Path

    def target(self, network: str, images: int) -> Target:
        """A network with at most so many test images, a fixed choice."""
        digits = network == CATALOGUE
        dataset = load_dataset("digits") if digits else load_dataset("fashion-mnist", self.data_root)
        model = load(CATALOGUE) if digits else self._trained(network)
        test = subset(dataset.test(), images, 0)
        return Target(model.eval(), test.floats(), test.labels, DIGITS_THREAT if digits else THREAT)

    def _trained(self, method: str) -> nn.Module:
        choice = Choice(12_000, 2_000, 160, 6, self.cache)
        path = self.cache / f"rows-{choice.images}-{choice.attacked}.npz"
        write_choice(self.data_root, choice.images, choice.attacked, path)
        training = choice.jobs([method], [0])[0].training
        network = build(training.spec)
        network.load_state_dict(train_cached(training).last)
        return network


@dataclass(frozen=True)
class Measurement:
    """One verdict that is wanted."""

    network: str
    attack: str
    library: str
    images: int
    seed: int


def measurements(libraries: list[str], images: int, many: int) -> Iterator[Measurement]:
    """All of them; the cheap ones first, then those that say something about every network."""
    for network in NETWORKS:
        for library in (LOOP, "ours"):
            yield Measurement(network, PGD, library, many, SEEDS[0])
    for seed in SEEDS:
        for network in NETWORKS:
            for library in libraries:
                yield Measurement(network, AUTOATTACK, library, images, seed)


def measure(wanted: Measurement, target: Target) -> dict[str, Any]:
    """The verdict; counts are of images."""
    started = time.perf_counter()
    survived, more = _survived(wanted, target)
    return {
        "clean": int(target.right(target.images).sum()),
        "survived": int(survived.sum()),
        **more,
        "seconds": round(time.perf_counter() - started, 1),
        "verdict": packed(survived),
    }


def _survived(wanted: Measurement, target: Target) -> tuple[Tensor, dict[str, int]]:
    if wanted.library != LOOP:
        survived = ours if wanted.attack == PGD else LIBRARIES[wanted.library].survived
        return survived(target, wanted.attack, wanted.seed), {}
    found = target.right(straight_pgd(target, wanted.seed))
    clean = target.right(target.images)
    return found & clean, {"put_right": int((found & ~clean).sum())}


def versions(libraries: list[str]) -> dict[str, str]:
    """What is compared, as far as it can tell: a release or a commit."""
    found = {name: version(name) for name in libraries if name == "torchattacks"}
    if "official" in libraries:
        folder = Path(str(import_module("autoattack").__file__)).parent
        asked = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True)
        found["official"] = asked.stdout.strip() or "unknown"
    return found


@click.command(help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--autoattack", type=click.Path(exists=True, path_type=Path), help="Clone of fra31/auto-attack.")
@click.option("--images", default=500, show_default=True, help="Test images under AutoAttack, of each network.")
@click.option("--many", default=10_000, show_default=True, help="Test images under PGD-20, of each network.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the caches; default RCNAS_CACHE.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    data_root: Path | None, autoattack: Path | None, images: int, many: int, cache: Path | None, results: Path
) -> None:
    torch.set_num_threads(1)
    if autoattack:
        sys.path.insert(0, str(autoattack))
    libraries = present(COMPARED)
    places = Places(data_root, (cache or default_cache_root()).absolute())
    kept = Results.open(results / "attack-parity.json", facts(torch.device("cpu")))
    known = versions(libraries)
    for wanted in measurements(libraries, images, many):
        key = dict(vars(wanted))
        target = places.target(wanted.network, wanted.images)
        key["images"] = len(target.labels)
        if not kept.find(**key):
            found = measure(wanted, target)
            kept.add({**key, "version": known.get(wanted.library, ""), **found})
            click.echo(f"{key}  {found['survived']} of {found['clean']} stand, {found['seconds']} s", err=True)


if __name__ == "__main__":
    main()
