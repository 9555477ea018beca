"""Images a second of every objective on every network, each for a few seconds, and the share of the matmul peak."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.rates import Case, measure
from benchmarks.gpu.recipes import network_spec, quick_recipe, with_precision
from benchmarks.gpu.slices import TimeUp, ending_after, left
from benchmarks.gpu.telling import say
from benchmarks.gpu.train import GO_ON
from benchmarks.machine import facts, peak
from benchmarks.results import Results  # type: ignore[attr-defined]  # mypy takes the folder of that name
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.errors import InvalidInput

TABLE = "throughput"


def run(arguments: Namespace) -> int:
    """The command; what is in the file already is not measured again."""
    device = pick_device(arguments.device)
    results = opened(arguments.out / "gpu.json", device)
    try:
        with ending_after(left(arguments.slice_minutes)):
            if not results.find(table="peak"):
                results.add({"table": "peak", **peak(device)})
            for key, case in cases(arguments, device):
                if not results.find(**key):
                    results.add({**key, **measured(case, results, arguments.seconds)})
                    say(str(results.rows[-1]))
    except TimeUp:
        say("the slice is over; what was measured is kept, give the same command again for the rest")
        return GO_ON
    return 0


def opened(path: Path, device: torch.device) -> Results:
    """The results of before, of this very machine, or none yet."""
    machine = facts(device)
    if path.is_file() and Results.read(path).machine != machine:
        raise InvalidInput(f"{path} must hold results of this machine, got another's; give another --out")
    return Results.open(path, machine)


def cases(arguments: Namespace, device: torch.device) -> Iterator[tuple[dict[str, Any], Case]]:
    """What names a row, and what is timed for it; uncompiled first, for compiling may take a minute a case."""
    for compile in arguments.compile:
        for network in arguments.networks:
            spec = network_spec(network)
            for objective in arguments.objectives:
                changes = dict(arguments.set)
                recipe = quick_recipe("cifar10", objective, changes)
                recipe = with_precision(recipe, spec, device, asked="precision" in changes)
                case = Case(spec, recipe, device, compile)
                yield _key(network, case), case


def _key(network: str, case: Case) -> dict[str, Any]:
    return {
        "table": TABLE,
        "network": network,
        "macs": nominal_cost(case.spec).macs,
        "objective": case.recipe.objective,
        "title": case.title,
        "batch": case.recipe.batch_size,
        "precision": case.recipe.precision,
        "compile": case.compile,
    }


def measured(case: Case, results: Results, seconds: float) -> dict[str, Any]:
    """The figures of a row."""
    found = measure(case, seconds)
    top = results.find(table="peak")[0][case.recipe.precision]
    return {**found, "of_peak": round(found["images_per_second"] * case.operations / top, 4)}
