"""A small training for tests of teams, on data with a known answer; run as a script by torchrun, see `main`."""

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.team import Team
from rcnas_zoo.execution.torchrun import join_team
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

# 75 images in batches of 18 or 19: one of two processes has a row more than the other, or none of three has.
IMAGES, BATCH = 75, 19
RECIPE = TrainingRecipe(
    objective="sat",
    threat="linf@1/20",
    attack_steps=3,
    attack_start="uniform",
    attack_step_size=0.5,
    epochs=4,
    batch_size=BATCH,
    learning_rate=0.1,
    crop_padding=1,
    flip=True,
    selection_attack="pgd-3",
    selection_start=0.0,
)


class Told(Silent):
    """Remembers what a training says, and how often."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.updates = 0

    def epoch(self, number: int, total: int, metrics: Any) -> None:
        self.epochs.append(dict(metrics))

    def progress(self, label: str, done: int, total: int, note: str = "") -> None:
        self.updates += 1


def split(count: int, seed: int) -> Images:
    """Noise on two bright halves: which one is brighter is the class."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (count,), generator=source)
    pixels = torch.randint(60, 150, (count, 1, 6, 6), generator=source)
    pixels[labels == 0, :, :3] += 40
    pixels[labels == 1, :, 3:] += 40
    return Images(pixels.to(torch.uint8), labels)


def network() -> nn.Module:
    layers = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.SiLU(),
        nn.Conv2d(8, 8, 3, bias=False),
        nn.BatchNorm2d(8),
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(128, 2),
    )
    source = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in layers.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2, generator=source)
            else:
                parameter.fill_(0.5)
    return layers


def trained(recipe: TrainingRecipe, team: Team, folder: Path | None = None) -> tuple[TrainingResult, Told]:
    """One process's view of the training; ``folder`` is where it keeps checkpoints, after every update."""
    told = Told()
    checkpoints = None if folder is None else Checkpoints(folder, every_seconds=0.0)
    host = Host(device=torch.device("cpu"), observer=told, checkpoints=checkpoints, team=team)
    result = train(network(), split(IMAGES, 0), split(40, 1), recipe, seed=6, host=host)
    return result, told


def main(folder: Path) -> None:
    """Trains with each of two objectives and writes what came of it below the folder, by objective and rank."""
    torch.set_num_threads(1)
    with join_team(torch.device("cpu")) as team:
        for objective in ("sat", "trades"):
            result, told = trained(
                RECIPE.with_changes(objective=objective), team, folder / f"kept-{objective}-{team.rank}"
            )
            report = {"curve": result.curve, "engine": result.engine, "told": told.epochs, "updates": told.updates}
            (folder / f"{objective}-{team.rank}.json").write_text(json.dumps(report))
            save_file(result.last, folder / f"{objective}-{team.rank}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
