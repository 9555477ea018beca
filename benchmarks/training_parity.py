"""Robust accuracy of the fast loop (bfloat16, channels last) against the plain loop (float32), in pairs.

python benchmarks/training_parity.py --data-root DIR

python benchmarks/report.py

Both loops of a pair train from the same initial weights, on the same images, by the same recipe; both networks are then
attacked in float32 with the same attack, seed and test images. Each training is kept in a file of its own: the same
command again does what is missing. DIR holds Fashion-MNIST (``fashion-mnist.npz``, or as torchvision unpacks it).
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from pairs import packed
from plain_loop import Plain, train_plain
from results import FOLDER, parse_range
from torch import nn

from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

DATASET = "fashion-mnist"
LOOPS = ("plain", "fast")
ATTACK = "pgd-20"
EVALUATION_SEED = 0


@dataclass(frozen=True)
class Pairing:
    """What all trainings share, and a pair must.

    Attributes:
        model: name of an architecture, for the images as they are (28x28).
        objective: of the recipe.
        images: training images, a fixed choice.
        test_images: of the test split, a fixed choice.
        epochs, batch, steps: of the recipe; a step is 2.5 / steps of the radius, at least a quarter.
    """

    model: str
    objective: str
    images: int
    test_images: int
    epochs: int
    batch: int
    steps: int

    def recipe(self, precision: str) -> TrainingRecipe:
        """The recipe of both loops; they differ in the precision alone."""
        return TrainingRecipe(
            objective=self.objective,
            threat="linf@1/10",
            attack_steps=self.steps,
            attack_step_size=max(0.25, 2.5 / self.steps),
            epochs=self.epochs,
            batch_size=self.batch,
            schedule="cosine",
            weight_decay=5e-4,
            crop_padding=2,
            selection_attack="none",
            precision=precision,
        )


@dataclass(frozen=True)
class Job:
    """One training and its measurement; travels to a worker process."""

    pairing: Pairing
    loop: str
    seed: int
    data_root: Path | None
    path: Path


def run(job: Job) -> str:
    """Train, attack, write the file; returns a line about it."""
    pairing = job.pairing
    dataset = load_dataset(DATASET, job.data_root)
    images = subset(dataset.train, pairing.images, 0)
    model = build(named_spec(pairing.model, InputSpec(images.shape), dataset.classes), job.seed)
    trained = _train(job, model, images)
    test = subset(dataset.test(), pairing.test_images, 0)
    threat = pairing.recipe("float32").threat
    report = evaluate(trained, test.floats(), test.labels, attacks=[ATTACK], threat=threat, seed=EVALUATION_SEED)
    verdicts = {name: packed(verdict) for name, verdict in report.verdicts.items()}
    found = {"loop": job.loop, "seed": job.seed, "pairing": asdict(pairing), "samples": report.samples, **verdicts}
    _write(job.path, {**found, "clean_accuracy": report.clean_accuracy, "robust_accuracy": report.robust_accuracy})
    return f"clean {report.clean_accuracy:.3f}  {ATTACK} {report.robust_accuracy:.3f}"


def _train(job: Job, model: nn.Module, images: Images) -> nn.Module:
    """A network in the plain memory format with the weights after the last epoch."""
    if job.loop == "plain":
        train_plain(model, images, job.pairing.recipe("float32"), seed=job.seed, plain=Plain(start="gaussian"))
        return model
    few = images.select(range(job.pairing.batch))  # only looked at for finite logits
    result = train(model, images, few, job.pairing.recipe("bfloat16"), seed=job.seed, host=Host())
    spec = named_spec(job.pairing.model, InputSpec(images.shape), int(images.labels.max()) + 1)
    fresh = build(spec)
    fresh.load_state_dict(result.last)
    return fresh


def _write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(found) + "\n")
    aside.replace(path)


def _is_done(job: Job) -> bool:
    if not job.path.is_file():
        return False
    found = json.loads(job.path.read_text())["pairing"]
    if found != asdict(job.pairing):
        raise click.ClickException(
            f"{job.path} must hold a training with {asdict(job.pairing)}, got one with {found}; give another --results"
        )
    return True


@click.command(help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--model", default="wrn-10-1", show_default=True, help="Architecture.")
@click.option("--objective", default="trades", show_default=True, help="sat, trades or mart.")
@click.option("--images", default=10_000, show_default=True, help="Training images.")
@click.option("--test-images", default=10_000, show_default=True, help="Test images, at least 5,000 to mean anything.")
@click.option("--epochs", default=6, show_default=True)
@click.option("--batch", default=100, show_default=True, help="Images of an update; a divisor of --images is fair.")
@click.option("--steps", default=5, show_default=True, help="Steps of the inner attack.")
@click.option("--seeds", default="0-2", show_default=True)
@click.option("--workers", default=2, show_default=True, help="Trainings at a time, one thread each.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER / "parity", show_default=True)
def main(
    data_root: Path | None,
    model: str,
    objective: str,
    images: int,
    test_images: int,
    epochs: int,
    batch: int,
    steps: int,
    seeds: str,
    workers: int,
    results: Path,
) -> None:
    pairing = Pairing(model, objective, images, test_images, epochs, batch, steps)
    jobs = [
        Job(pairing, loop, seed, data_root, results / f"{loop}-{seed}.json")
        for seed in parse_range(seeds)
        for loop in LOOPS
    ]
    waiting = [job for job in jobs if not _is_done(job)]

    def tell(index: int, line: str) -> None:
        print(f"{waiting[index].loop} {waiting[index].seed}  {line}", file=sys.stderr, flush=True)

    with Workers(workers) as pool:
        pool.run(run, waiting, tell)


if __name__ == "__main__":
    main()
