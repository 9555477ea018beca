"""One slice of a training; the last one leaves float16 weights in parts."""

import platform
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import torch

from benchmarks.gpu.collect import collect
from benchmarks.gpu.rates import Case, measure
from benchmarks.gpu.recipes import network_spec, quick_recipe, with_precision
from benchmarks.gpu.schedule import Time, epochs_in
from benchmarks.gpu.slices import TimeUp, ending_after, left, spent
from benchmarks.gpu.telling import Lines, say
from benchmarks.gpu.weights import kept, write_weights
from benchmarks.gpu.work import Work, open_dataset, whole_batches
from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.execution.locks import exclusive
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import Diverged, InvalidInput
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train
from rcnas_zoo.version import VERSION

GO_ON = 75
"""Exit code of a slice after which there is more to do (EX_TEMPFAIL of sysexits.h)."""
TIMED_SECONDS = 10.0
TRAINING = "training.json"


def run(arguments: Namespace) -> int:
    """The command: 0 when the training is done and its parts are in ``--out``, `GO_ON` when there is more to do."""
    state, device = arguments.state, pick_device(arguments.device)
    # Decided here, for the engine's own rule asks for the epochs, which are planned by the rate.
    arguments.compile = arguments.compile or ("on" if device.type == "cuda" else "off")
    with exclusive(state / "locks", "training"):
        if not kept(state):
            dataset = open_dataset(arguments.dataset, arguments.data)
            work = begun(arguments, dataset, device)
            if not slice_of(work, dataset, state, device, arguments):
                return GO_ON
    Work.read(state).check_asked(asked(arguments), state)
    print(collect(state, arguments.out, arguments.parts))
    return 0


def asked(arguments: Namespace) -> dict[str, Any]:
    """What must be alike in every slice."""
    names = ("network", "dataset", "objective", "seed", "epochs", "total_minutes", "compile")
    changes = {f"set {name}": value for name, value in dict(arguments.set).items()}
    return {name.replace("_", "-"): getattr(arguments, name) for name in names} | changes


def begun(arguments: Namespace, dataset: Dataset, device: torch.device) -> Work:
    """The work of the state folder; if it holds none, the epochs are planned and it is written."""
    wanted = asked(arguments)
    if (arguments.state / "work.json").is_file():
        work = Work.read(arguments.state)
        work.check_asked(wanted, arguments.state)
        return work
    changes, spec = dict(arguments.set), network_spec(arguments.network, dataset)
    recipe = quick_recipe(arguments.dataset, arguments.objective, changes)
    recipe = with_precision(recipe, spec, device, asked="precision" in changes)
    case = Case(spec, recipe, device, arguments.compile)
    epochs = arguments.epochs or planned(case, dataset, arguments)
    work = Work(wanted, spec, recipe.with_changes(epochs=epochs), arguments.seed, arguments.dataset)
    work.write(arguments.state)
    return work


def planned(case: Case, dataset: Dataset, arguments: Namespace) -> int:
    """The epochs that fit into the total time, by a rate that was given or is measured now."""
    if not arguments.total_minutes:
        raise InvalidInput("a training must have a length, got none; give --total-minutes or --epochs")
    total, rate, start = 60 * arguments.total_minutes, arguments.images_per_second, arguments.start_seconds or spent()
    if not rate:
        before = spent()
        found = measure(case, TIMED_SECONDS)
        rate, start = found["images_per_second"], before + found["warmup_seconds"]
        # What measuring took is gone from the first slice.
        total -= spent() - before
    time = Time(total, 60 * arguments.slice_minutes, start, arguments.spare)
    images = len(whole_batches(dataset.train, case.recipe.batch_size).train)
    epochs = epochs_in(time, images, rate)
    say(f"{rate:,.0f} images/s, {start:.0f} s to start a slice: {epochs} epochs of {images:,} images")
    return epochs


def slice_of(work: Work, dataset: Dataset, state: Path, device: torch.device, arguments: Namespace) -> bool:
    """Trains until it is done or the slice is over; whether it is done."""
    splits = whole_batches(dataset.train, work.recipe.batch_size)
    checkpoints = Checkpoints(state / "checkpoints", arguments.keep_seconds)
    host = Host(device, Lines(), f"training {arguments.network}", checkpoints, compile=arguments.compile)
    model = build(work.spec, work.seed)
    try:
        with ending_after(left(arguments.slice_minutes)):
            result = train(model, splits.train, splits.evaluation, work.recipe, seed=work.seed, host=host)
    except TimeUp:
        say(f"the slice is over and the training is kept in {state}; give the same command again to go on")
        return False
    if result.diverged:
        raise Diverged(f"the training must keep a finite loss, it lost it at update {result.diverged_at}; see {state}")
    told = {**facts(work, result, device), "train_digest": splits.train.digest}
    write_whole(state / TRAINING, canonical_json(told).encode())
    write_weights(state, work.spec, result.best, arguments.part_size)
    checkpoints.clear()
    return True


def facts(work: Work, result: TrainingResult, device: torch.device) -> dict[str, Any]:
    """What a record should say of a training; plain JSON data."""
    return {
        "asked": dict(work.asked),
        "spec": work.spec.to_dict(),
        "recipe": work.recipe.to_dict(),
        "seed": work.seed,
        "dataset": work.dataset,
        "curve": list(result.curve),
        "best_epoch": result.best_epoch,
        "seconds": round(result.seconds, 1),
        "engine": result.engine,
        **surroundings(device),
    }


def surroundings(device: torch.device) -> dict[str, Any]:
    """The machine and the releases."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    releases = {"torch": torch.__version__, "numpy": np.__version__, "safetensors": safetensors.__version__}
    return {"device": name, "versions": {"rcnas-zoo": VERSION, "python": platform.python_version(), **releases}}
