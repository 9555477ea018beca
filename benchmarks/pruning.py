"""Every method of pruning against magnitude at 90 % sparsity, on Fashion-MNIST at 14x14 pixels, over paired seeds.

python benchmarks/pruning.py --data-root DIR

python benchmarks/report.py

All methods start from the same pretrained network of a seed, and have the same number of epochs after it; magnitude
spends all of them on fine-tuning. Every stage and every attack goes through the project's caches, so the same command
again does what is missing. Verdicts are kept image by image, for the differences are paired.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch.nn.functional as F
from machine import facts
from results import FOLDER, Results, parse_range
from torch import Tensor

from rcnas_zoo.candidates.pruning import PruningJob, prune_cached
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.pruning.recipes import scaled_recipe, split_growth
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.pruning import PruningRecipe, Stage
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel

THREAT = "linf@1/10"
EVALUATION_IMAGES = 256
METHODS = ("magnitude", "magnitude-global", "hydra", "harp", "r-admm")
# A fine-tuning at a tenth of the rate, as the papers have it, suits their 100 epochs; in a dozen it would leave the
# baseline unfinished.
FINETUNE_RATE = 0.05
TRAINING = TrainingRecipe(
    objective="sat",
    threat=THREAT,
    attack_steps=3,
    attack_step_size=0.5,
    attack_start="uniform",
    batch_size=50,
    schedule="cosine",
    weight_decay=5e-4,
    crop_padding=1,
    selection_attack="none",
)


def recipe(method: str, keep: float, pretrain: int, after: int) -> PruningRecipe:
    """A pruning of so many epochs: HYDRA and HARP learn masks in a quarter of those after the pretraining, R-ADMM in
    half of them.
    """
    found = scaled_recipe(method, TRAINING.with_changes(epochs=pretrain), keep=keep)
    learning = {"hydra": after // 4, "harp": after // 4, "r-admm": after // 2}.get(method, 0)
    stages = {"finetune": Stage(after - learning, FINETUNE_RATE)}
    if learning:
        stages["prune"] = Stage(learning, found.prune.learning_rate)
    growth = {"growth": split_growth(learning)} if method == "r-admm" else {}
    return found.with_changes(**stages, **growth)


@dataclass(frozen=True)
class Job:
    """One pruning and its attack; travels to a worker process.

    Attributes:
        pruning: what is pruned, and how.
        attacked: test images under PGD-20.
    """

    pruning: PruningJob
    attacked: int


def run(job: Job) -> dict[str, Any]:
    """The row of one method and seed; accuracies in [0, 1], verdicts as the bits of a hexadecimal number."""
    made = prune_cached(job.pruning)
    model = build(made.spec)
    model.load_state_dict(made.weights)
    test = job.pruning.training.source.dataset().test().select(range(job.attacked))
    attack = AttackJob.after(job.pruning.pretraining(), ("pgd-20",), ThreatModel.parse(THREAT))
    report = evaluate_cached(model, made.spec, test, attack)
    price = cost(made.spec)
    terms = {name: value for row in made.curve for name, value in row.items() if name.startswith(("split", "resource"))}
    return {
        "clean": report.clean_accuracy,
        "pgd-20": report.attacks["pgd-20"],
        "verdicts": {name: _hex(report.verdicts[name]) for name in ("clean", "pgd-20")},
        "parameters": price.parameters,
        "macs": price.macs,
        "terms": terms,
        "flags": list(report.flags),
    }


def _hex(verdicts: Tensor) -> str:
    return bytes(np.packbits(verdicts.cpu().numpy())).hex()


def write_choice(data_root: Path | None, images: int, test_images: int, path: Path) -> None:
    """A fixed choice of Fashion-MNIST at half the resolution, as a file of its own."""
    if path.is_file():
        return
    dataset = load_dataset("fashion-mnist", data_root)
    train, test = subset(dataset.train, images + EVALUATION_IMAGES, 0), subset(dataset.test(), test_images, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        train_images=_halved(train),
        train_labels=train.labels.numpy(),
        test_images=_halved(test),
        test_labels=test.labels.numpy(),
    )


def _halved(images: Images) -> Any:
    return F.avg_pool2d(images.images.float(), 2).round().byte()[:, 0].numpy()


@dataclass(frozen=True)
class Choice:
    """Sizes and places of a run."""

    images: int
    attacked: int
    pretrain: int
    after: int
    keep: float
    cache: Path

    @property
    def file(self) -> Path:
        """The images."""
        return self.cache / f"pruning-{self.images}-{self.attacked}.npz"

    def size(self) -> dict[str, Any]:
        """What rows must share to be compared."""
        return {name: getattr(self, name) for name in ("images", "attacked", "pretrain", "after", "keep")}

    def jobs(self, methods: list[str], seeds: list[int]) -> list[Job]:
        """All jobs; those of one method first, for they are the ones that do not wait for each other's pretraining."""
        source = DataSource(f"npz:{self.file}", evaluation_size=EVALUATION_IMAGES)
        dataset = source.dataset()
        spec = replace(named_spec("wrn-10-1", InputSpec(dataset.shape), dataset.classes), stem_stride=2)
        return [
            Job(
                PruningJob(
                    TrainingJob(spec, TRAINING, seed, source, self.cache),
                    recipe(method, self.keep, self.pretrain, self.after),
                ),
                self.attacked,
            )
            for method in methods
            for seed in seeds
        ]


@click.command(help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--methods", default=",".join(METHODS), show_default=True)
@click.option("--images", default=4_000, show_default=True, help="Training images.")
@click.option("--attacked", default=2_000, show_default=True, help="Test images under PGD-20.")
@click.option("--pretrain", default=12, show_default=True, help="Epochs of the pretraining.")
@click.option("--after", default=16, show_default=True, help="Epochs after it.")
@click.option("--keep", default=0.1, show_default=True, help="Share of the weights that is kept.")
@click.option("--seeds", default="0-2", show_default=True)
@click.option("--workers", default=2, show_default=True, help="Prunings at a time, one thread each.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the caches; default RCNAS_CACHE.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(
    data_root: Path | None,
    methods: str,
    seeds: str,
    workers: int,
    cache: Path | None,
    results: Path,
    **sizes: Any,
) -> None:
    choice = Choice(**sizes, cache=(cache or default_cache_root()).absolute())
    write_choice(data_root, choice.images, choice.attacked, choice.file)
    kept = Results.open(results / "pruning.json", facts(pick_device("cpu")))
    jobs = [
        job
        for job in choice.jobs(methods.split(","), parse_range(seeds))
        if not kept.find(method=job.pruning.recipe.method, seed=job.pruning.training.seed, **choice.size())
    ]

    def keep_row(index: int, row: dict[str, Any]) -> None:
        job = jobs[index].pruning
        kept.add({"method": job.recipe.method, "seed": job.training.seed, **choice.size(), **row})
        told = {name: value for name, value in row.items() if name != "verdicts"}
        print(f"{job.recipe.method} {job.training.seed}  {told}", file=sys.stderr, flush=True)

    with Workers(workers) as pool:
        pool.run(run, jobs, keep_row)


if __name__ == "__main__":
    main()
