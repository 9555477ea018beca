"""A row each for TRADES, MART, SAT, fast and clean training on real Fashion-MNIST, over several seeds.

python benchmarks/training_rows.py --data-root DIR

python benchmarks/report.py

Every training and every attack goes through the project's caches, so the same command again does what is missing. The
trainings see a fixed choice of the training images, PGD-20 a fixed choice of the test images, and AutoAttack, which is
dear, the first of these. The same small network and the same number of epochs for all rows: these are rows of methods,
not records.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from machine import facts
from results import FOLDER, Results, parse_range

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.recipes import with_objective

THREAT = "linf@1/10"
EVALUATION_IMAGES = 512
COMMON = TrainingRecipe(
    threat=THREAT,
    batch_size=64,
    schedule="cosine",
    weight_decay=5e-4,
    crop_padding=2,
    selection_attack="none",
    precision="bfloat16",
)
# What each method's own code takes, in the common setting.
RECIPES = {
    name: with_objective(COMMON, name).with_changes(selection_attack="none")
    for name in ("clean", "fast", "sat", "trades", "mart")
}


@dataclass(frozen=True)
class Job:
    """One training and its attacks; travels to a worker process.

    Attributes:
        method: key of `RECIPES`.
        training: what is trained.
        attacked: test images under PGD-20.
        dear: the first of these, under AutoAttack.
    """

    method: str
    training: TrainingJob
    attacked: int
    dear: int


def run(job: Job) -> dict[str, Any]:
    """The row of one method and seed; accuracies in [0, 1]."""
    trained = train_cached(job.training)
    model = build(job.training.spec)
    model.load_state_dict(trained.last)
    test = job.training.source.dataset().test()
    attack = AttackJob.after(job.training, ("pgd-20",), ThreatModel.parse(THREAT))
    wide = evaluate_cached(model, job.training.spec, test.select(range(job.attacked)), attack)
    narrow = replace(attack, attacks=("pgd-20", "autoattack"))
    few = evaluate_cached(model, job.training.spec, test.select(range(job.dear)), narrow)
    return {
        "clean": wide.clean_accuracy,
        "pgd-20": wide.attacks["pgd-20"],
        "autoattack": few.attacks["autoattack"],
        "clean_few": few.clean_accuracy,
        "pgd-20_few": few.attacks["pgd-20"],
        "diverged": trained.diverged,
        "training_seconds": round(trained.seconds, 1),
        "attack_seconds": round(wide.seconds + few.seconds, 1),
        "flags": list(few.flags),
    }


def small_network(shape: tuple[int, int, int], classes: int) -> ResidualSpec:
    """A WRN-10-1 with a stem of stride 2: 2.6 M MACs on 28x28 images."""
    return replace(named_spec("wrn-10-1", InputSpec(shape), classes), stem_stride=2)


def write_choice(data_root: Path | None, images: int, test_images: int, path: Path) -> None:
    """A fixed choice of Fashion-MNIST as a file of its own, which is a data set for the caches and the workers."""
    if path.is_file():
        return
    dataset = load_dataset("fashion-mnist", data_root)
    train, test = subset(dataset.train, images + EVALUATION_IMAGES, 0), subset(dataset.test(), test_images, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{name}_{kind}": array for name, part in (("train", train), ("test", test)) for kind, array in _arrays(part)
    }
    np.savez_compressed(path, **arrays)


def _arrays(images: Images) -> list[tuple[str, Any]]:
    return [("images", images.images[:, 0].numpy()), ("labels", images.labels.numpy())]


@dataclass(frozen=True)
class Choice:
    """Sizes and places of a run."""

    images: int
    attacked: int
    dear: int
    epochs: int
    cache: Path

    def jobs(self, methods: list[str], seeds: list[int]) -> list[Job]:
        """All jobs, the dearest methods first."""
        path = self.cache / f"rows-{self.images}-{self.attacked}.npz"
        source = DataSource(f"npz:{path}", evaluation_size=EVALUATION_IMAGES)
        dataset = source.dataset()
        spec = small_network(dataset.shape, dataset.classes)
        found = []
        for method in methods:
            recipe = RECIPES[method].with_changes(epochs=self.epochs)
            found += [
                Job(method, TrainingJob(spec, recipe, seed, source, self.cache), self.attacked, self.dear)
                for seed in seeds
            ]
        return found


@click.command(help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--methods", default="trades,mart,sat,fast,clean", show_default=True)
@click.option("--images", default=12_000, show_default=True, help="Training images.")
@click.option("--attacked", default=2_000, show_default=True, help="Test images under PGD-20.")
@click.option("--dear", default=160, show_default=True, help="Test images under AutoAttack.")
@click.option("--epochs", default=6, show_default=True)
@click.option("--seeds", default="0-2", show_default=True)
@click.option("--workers", default=2, show_default=True, help="Trainings at a time, one thread each.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the caches; default RCNAS_CACHE.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    data_root: Path | None,
    methods: str,
    images: int,
    attacked: int,
    dear: int,
    epochs: int,
    seeds: str,
    workers: int,
    cache: Path | None,
    results: Path,
) -> None:
    choice = Choice(images, attacked, dear, epochs, (cache or default_cache_root()).absolute())
    write_choice(data_root, images, attacked, choice.cache / f"rows-{images}-{attacked}.npz")
    kept = Results.open(results / "rows.json", facts(pick_device("cpu")))
    size = {"images": images, "attacked": attacked, "dear": dear, "epochs": epochs}
    jobs = [
        job
        for job in choice.jobs(methods.split(","), parse_range(seeds))
        if not kept.find(method=job.method, seed=job.training.seed, **size)
    ]

    def keep(index: int, row: dict[str, Any]) -> None:
        job = jobs[index]
        kept.add({"method": job.method, "seed": job.training.seed, **size, **row})
        print(f"{job.method} {job.training.seed}  {row}", file=sys.stderr, flush=True)

    with Workers(workers) as pool:
        pool.run(run, jobs, keep)


if __name__ == "__main__":
    main()
