"""Verdicts a second and robust accuracies: our attacks against other libraries', same network, images and machine.

pip install 'rcnas-zoo[peers]'

python benchmarks/attacks.py --data-root DIR

python benchmarks/report.py

The network is adversarially trained first (one-step training on real Fashion-MNIST, minutes; kept in the cache). Every
sample runs in a fresh process on all cores; rounds take the libraries in turn. torchattacks' AutoAttack is assembled
from its parts with the official settings, for its own class of that name runs 10 iterations; foolbox has none, and that
of the Adversarial Robustness Toolbox (art) holds other attacks. A library that is not installed is left out. The code
of AutoAttack's authors (official) is measured too where it is asked for and PYTHONPATH leads to it. Each sample is kept
at once: the same command again goes on where it stopped.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import torch
from libraries import BATCH, LIBRARIES, Target, present
from machine import facts
from pairs import packed
from results import FOLDER, Results

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.workflows.recipes import with_objective

THREAT = "linf@1/10"
COMMON = TrainingRecipe(
    threat=THREAT,
    epochs=4,
    batch_size=64,
    schedule="cosine",
    weight_decay=5e-4,
    crop_padding=2,
    precision="bfloat16",
)
RECIPE = with_objective(COMMON, "fast").with_changes(selection_attack="none")
TRAINING_IMAGES = 12_000
ATTACKS = ("pgd-20", "autoattack")


def training(model: str, data_root: Path | None, cache: Path) -> TrainingJob:
    """The training of the network that is attacked."""
    source = DataSource("fashion-mnist", data_root, train_size=TRAINING_IMAGES)
    spec = named_spec(model, InputSpec((1, 28, 28)), 10)
    return TrainingJob(spec, RECIPE, 0, source, cache, threads=torch.get_num_threads(), compile="off")


def sample(job: TrainingJob, library: str, attack: str, images: int, seed: int) -> dict[str, Any]:
    """One measurement in this process."""
    network = build(job.spec).eval()
    network.load_state_dict(train_cached(job).last)
    test = subset(job.source.dataset().test(), images, 0)
    target = Target(network, test.floats(), test.labels, THREAT)
    chosen = LIBRARIES[library]
    chosen.survived(target.few(8), chosen.attacks[0], seed)
    started = time.perf_counter()
    survived = chosen.survived(target, attack, seed)
    seconds = time.perf_counter() - started
    return {"seconds": round(seconds, 2), "survived": int(survived.sum()), "verdict": packed(survived)}


def _child(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, "sample", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@click.group(invoke_without_command=True, help=__doc__)
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST; default RCNAS_DATA.")
@click.option("--models", default="wrn-16-2,wrn-10-1", show_default=True, help="Comma-separated.")
@click.option("--libraries", default="ours,torchattacks,foolbox,art", show_default=True, help="Comma-separated.")
@click.option("--images", default=1000, show_default=True, help="Test images under PGD-20.")
@click.option("--dear", default=48, show_default=True, help="Test images under AutoAttack.")
@click.option("--rounds", default=3, show_default=True, help="Samples of each library; each has its own seed.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the caches; default RCNAS_CACHE.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
@click.pass_context
def main(
    context: click.Context,
    data_root: Path | None,
    models: str,
    libraries: str,
    images: int,
    dear: int,
    rounds: int,
    cache: Path | None,
    results: Path,
) -> None:
    if context.invoked_subcommand:
        return
    root = cache or default_cache_root()
    kept = Results.open(results / "attacks-cpu.json", facts(torch.device("cpu")))
    chosen = present(libraries.split(","))
    for model in models.split(","):
        train_cached(training(model, data_root, root))
        for number in range(rounds):
            for attack, count in zip(ATTACKS, (images, dear), strict=True):
                for library in (name for name in chosen if attack in LIBRARIES[name].attacks):
                    sizes = {"images": count, "batch": min(BATCH, count)}
                    key = {"model": model, "library": library, "attack": attack, **sizes, "seed": number}
                    if not kept.find(**key):
                        found = _child(model, str(data_root or ""), str(root), library, attack, str(count), str(number))
                        kept.add({**key, **found})
                        click.echo(f"{key}  {found['seconds']} s, {found['survived']} survive", err=True)


@main.command("sample", hidden=True)
@click.argument("model")
@click.argument("data_root")
@click.argument("cache")
@click.argument("library", type=click.Choice(list(LIBRARIES)))
@click.argument("attack", type=click.Choice(ATTACKS))
@click.argument("images", type=int)
@click.argument("seed", type=int)
def one_sample(model: str, data_root: str, cache: str, library: str, attack: str, images: int, seed: int) -> None:
    """One sample, as JSON."""
    job = training(model, Path(data_root) if data_root else None, Path(cache))
    print(json.dumps(sample(job, library, attack, images, seed)))


if __name__ == "__main__":
    main()
