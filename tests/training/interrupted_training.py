"""A training in a process of its own, for tests that kill it or take its disk away.

``python -m tests.training.interrupted_training FOLDER [UPDATES]`` keeps a checkpoint in FOLDER/kept after every update,
writes the number of each on stdout, and what came of it into FOLDER. After UPDATES, if given, no file can grow beyond
a kilobyte any more.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train
from tests.training.problems import EVERYTHING, fragile_and_robust, small_network

FULL_DISK = 1024


class Telling(Silent):
    """Writes what it hears where another process can read it."""

    def __init__(self, full_after: int | None = None) -> None:
        self.full_after = full_after

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
        if done == self.full_after:
            resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_DISK, resource.RLIM_INFINITY))

    def warning(self, message: str) -> None:
        sys.stderr.write(f"{message}\n")


def run(folder: Path, observer: Silent | None = None) -> TrainingResult:
    """Six epochs of eight updates with everything on, some of them measured."""
    host = Host(observer=observer or Silent(), checkpoints=Checkpoints(folder / "kept", every_seconds=0))
    splits = fragile_and_robust(256, seed=0), fragile_and_robust(128, seed=1)
    return train(small_network(), *splits, EVERYTHING, seed=0, host=host)


def main(folder: str, full_after: str = "0") -> None:
    """See the module."""
    torch.set_num_threads(1)
    result = run(Path(folder), Telling(int(full_after)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    facts: dict[str, Any] = {"curve": result.curve, "best_epoch": result.best_epoch}
    (Path(folder) / "facts.json").write_text(json.dumps(facts))
    save_file(result.best, Path(folder) / "best.safetensors")
    save_file(result.last, Path(folder) / "last.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
