"""A process that works at a benchmark: `python -m tests.workflows.benchmarking.worker FOLDER`; writes its table.

Every training that ends leaves a line in ``ended``. While the file ``hang`` is there, the last training of all waits
after its first epoch, and says in ``hanging`` which process it is.
"""

import os
import sys
import time
from pathlib import Path

from rcnas_zoo.candidates import training
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.observer import Together
from rcnas_zoo.spec.task import Task
from rcnas_zoo.training.loop import train
from rcnas_zoo.workflows.benchmarking import measures, measuring
from rcnas_zoo.workflows.benchmarking.run import benchmark_task
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.machine import Machine

TASK = Task.parse("digits/pgd-5/wrn-10-1/150k")
SETTINGS = TaskBenchmarkSettings(
    ("sat", "mart"), trials=2, seeds=(0,), final_epochs=2, train_size=200, subset_samples=8
)
TRAININGS = 4


class Hanging(Together):
    """Told of an epoch, it may not come back for a while."""

    def __init__(self, folder, observer):
        super().__init__([observer])
        self._folder = folder

    def epoch(self, number, total, metrics):
        super().epoch(number, total, metrics)
        if len(lines(self._folder)) == TRAININGS - 1 and (self._folder / "hang").exists():
            (self._folder / "hanging").write_text(f"{os.getpid()}\n")
            while (self._folder / "hang").exists():
                time.sleep(0.01)


def lines(folder: Path) -> list[str]:
    ended = folder / "ended"
    return ended.read_text().splitlines() if ended.exists() else []


def watched(folder: Path):
    def trained(model, images, evaluation, recipe, *, seed, host, floors):
        host = training.replace(host, observer=Hanging(folder, host.observer))
        result = train(model, images, evaluation, recipe, seed=seed, host=host, floors=floors)
        with (folder / "ended").open("a") as file:
            file.write(f"{recipe.digest}\n")
        return result

    return trained


def make_cheap() -> None:
    measures.WHOLE, measures.PART = ("fgsm", "pgd-5"), ("cw-5",)
    measures.CURVE = measuring.CURVE = "pgd-5"


if __name__ == "__main__":
    make_cheap()
    folder = Path(sys.argv[1])
    training.train = watched(folder)
    table = benchmark_task(TASK, SETTINGS, Machine(workers=1, cache=folder / "cache"))
    sys.stdout.write(canonical_json(table.to_dict()))
