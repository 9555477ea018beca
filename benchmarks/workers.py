"""Two candidates trained by two workers against one after the other, one thread each.

python benchmarks/workers.py

python benchmarks/report.py

The candidates are two trainings of a small network on the embedded digits, through the same function as in a search.
Rounds alternate the two ways, each with a cache of its own. The start of the worker processes (loading torch) is
measured apart: in a search they live from the first candidate to the last.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click
from machine import facts
from results import FOLDER, Results

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.training.recipes import named_recipe


def candidates(model: str, epochs: int, cache: Path) -> list[TrainingJob]:
    """Two trainings of the same network from different seeds."""
    source = DataSource("digits")
    dataset = source.dataset()
    spec = named_spec(model, InputSpec(dataset.shape), dataset.classes)
    recipe = named_recipe("digits-search").with_changes(epochs=epochs)
    return [TrainingJob(spec, recipe, seed, source, cache) for seed in (0, 1)]


def seconds_of(jobs: list[TrainingJob], pool: Workers) -> float:
    """How long the jobs take."""
    started = time.perf_counter()
    pool.run(_train, jobs)
    return time.perf_counter() - started


def _train(job: TrainingJob) -> float:
    return train_cached(job).seconds


def measure(model: str, epochs: int, count: int) -> tuple[float, float]:
    """Seconds of the start-up (two trainings of one epoch) and of the two candidates, with ``count`` workers."""
    with tempfile.TemporaryDirectory() as folder, Workers(count) as pool:
        jobs = candidates(model, epochs, Path(folder))
        first = [replace(job, recipe=job.recipe.with_changes(epochs=1), seed=job.seed + 100) for job in jobs]
        return seconds_of(first, pool), seconds_of(jobs, pool)


@click.command(help=__doc__)
@click.option("--model", default="wrn-16-1", show_default=True, help="Architecture.")
@click.option("--epochs", default=20, show_default=True, help="Of each candidate.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(model: str, epochs: int, rounds: int, results: Path) -> None:
    kept = Results.open(results / "workers.json", facts(pick_device("cpu")))
    size = {"model": model, "epochs": epochs}
    for number in range(rounds):
        for count in (1, 2):
            if kept.find(round=number, workers=count, **size):
                continue
            start, seconds = measure(model, epochs, count)
            row = {"round": number, "workers": count, "start": round(start, 2), "seconds": round(seconds, 2)}
            kept.add({**size, **row})
            print(row, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
