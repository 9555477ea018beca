"""An evaluation in a process of its own, for tests that kill it.

``python -m tests.workflows.interrupted_evaluation ENTRY CACHE`` attacks forty images ten at a time with a short
AutoAttack, and writes how many are done on stdout, then what came of it as JSON.
"""

import json
import sys
from pathlib import Path

import torch

from rcnas_zoo.attacks import autoattack
from rcnas_zoo.evaluation import batching
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.workflows.evaluate import Evaluation, evaluate_entry
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine

EFFORT = autoattack.Effort(steps=5, targets=3, queries=50)


class Telling(Silent):
    """Writes what it hears where another process can read it."""

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        if note == "autoattack":
            sys.stdout.write(f"{done}\n")
            sys.stdout.flush()


def run(entry: str, cache: Path, observer: Silent | None = None) -> Evaluation:
    """The evaluation, taken up where it was cut off."""
    settings = EvaluateSettings(attacks=("autoattack",), samples=40, resume=True)
    return evaluate_entry(entry, settings, Machine(cache=cache, workers=1), observer)


def main(entry: str, cache: str) -> None:
    """See the module."""
    torch.set_num_threads(1)
    autoattack.standard.__defaults__ = (EFFORT,)
    batching.LARGEST["cpu"] = 10
    found = run(entry, Path(cache), Telling())
    sys.stdout.write(json.dumps(found.report.verdicts["autoattack"].tolist()) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
