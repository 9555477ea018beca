"""How quickly one network is trained by one recipe: a few updates on random images, through the engine."""

import time
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.machine import synchronise
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batches
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.updates import Updates

WARMUP = 3
"""Updates that are not timed: memory is found, kernels are chosen and compiled."""
LEAST = 3
"""Updates that are timed at least."""
TOGETHER = 2
"""Batches of random images; more would only take memory."""


@dataclass(frozen=True)
class Case:
    """What is timed.

    Attributes:
        spec, recipe: the network and its training.
        device: where.
        compile: ``on`` or ``off``.
    """

    spec: NetworkSpec
    recipe: TrainingRecipe
    device: torch.device
    compile: str = "off"

    @property
    def title(self) -> str:
        """Such as ``TRADES-10``."""
        return f"{self.recipe.objective.upper()}-{self.recipe.attack_steps}"

    @property
    def operations(self) -> float:
        """Floating-point operations that one image needs: 2 a MAC forward, to the input, and to the weights.

        TRADES also needs one natural forward pass before its attack, and with MART a second pass in the update. What is
        computed again does not count, normalisation and activations do not either.
        """
        passes = {"clean": 0, "trades": 4 * self.recipe.attack_steps + 2}
        attack = passes.get(self.recipe.objective, 4 * self.recipe.attack_steps)
        return float(
            nominal_cost(self.spec).macs * (attack + (12 if self.recipe.objective in ("trades", "mart") else 6))
        )


def measure(case: Case, seconds: float) -> dict[str, Any]:
    """Images a second over so many seconds, at least `LEAST` updates, after a warm-up that is told apart."""
    began = time.perf_counter()
    updates = _updates(case)
    for number in range(WARMUP):
        updates.run(number)
    synchronise(case.device)
    started, done = time.perf_counter(), 0
    while done < LEAST or time.perf_counter() - started < seconds:
        updates.run(WARMUP + done)
        synchronise(case.device)
        done += 1
    took = time.perf_counter() - started
    return {
        "images_per_second": round(case.recipe.batch_size * done / took, 3),
        "warmup_seconds": round(started - began, 2),
        "updates": done,
        "compiled": updates.network.compiled,
        "parts": updates.parts,
    }


def _updates(case: Case) -> Updates:
    model = build(case.spec).to(case.device)
    # So many epochs that the schedule never ends.
    recipe = case.recipe.with_changes(epochs=100_000)
    batches = Batches.of(_noise(case), recipe, model, 0, case.device)
    updates = Updates.of(model, batches, Host(case.device, compile=case.compile))
    updates.network.train()
    return updates


def _noise(case: Case) -> Images:
    generator = torch.Generator().manual_seed(0)
    count = TOGETHER * case.recipe.batch_size
    pixels = torch.randint(256, (count, *case.spec.input.shape), generator=generator, dtype=torch.uint8)
    return Images(pixels, torch.randint(case.spec.classes, (count,), generator=generator))
