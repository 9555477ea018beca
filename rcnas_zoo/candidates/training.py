"""Trainings that are never done twice."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.loop import TrainingResult, train

ENGINE_VERSION = 2
ONE_THREAD_MACS = 50_000_000


@dataclass(frozen=True)
class TrainingJob:
    """All that a training depends on, and where it runs and is kept. Travels to worker processes.

    Attributes:
        spec, recipe, seed, source: what is trained, how, from which seed, on which images.
        cache: root folder of the cache.
        device: torch device as text.
        threads: torch threads of a network too large for one (see `threads_for`).
    """

    spec: NetworkSpec
    recipe: TrainingRecipe
    seed: int
    source: DataSource
    cache: Path
    device: str = "cpu"
    threads: int = 1

    @property
    def key(self) -> str:
        """Digest of everything that decides the weights."""
        splits = self.source.splits()
        parts = {
            "engine": ENGINE_VERSION,
            "spec": self.spec.digest,
            "train": splits.train.digest,
            "evaluation": splits.evaluation.digest,
            "recipe": self.recipe.digest,
            "seed": self.seed,
            "device": torch.device(self.device).type,
            "threads": threads_for(self.spec, self.threads),
            "torch": torch.__version__,
        }
        return digest(parts)


def threads_for(spec: NetworkSpec, available: int) -> int:
    """Torch threads for one network: one below 50 M MACs, where more only cost; a fixed rule, not a timing."""
    return 1 if cost(spec).macs < ONE_THREAD_MACS else max(1, available)


def train_cached(job: TrainingJob, observer: Observer | None = None, label: str = "training") -> TrainingResult:
    """The result of a training, from the cache or done now and kept; the observer hears of its epochs either way.

    Raises:
        InvalidInput, NotFound: the data set is unknown, malformed or absent.
        Unavailable: the cache cannot be written.
    """
    cache, watcher = ContentCache(job.cache), observer or Silent()
    kept = cache.get("training", job.key)
    if kept is not None:
        result = _unpack(kept)
        for number, metrics in enumerate(result.curve, start=1):
            watcher.epoch(number, job.recipe.epochs, metrics)
        return result
    with torch_threads(threads_for(job.spec, job.threads)):
        result = _train(job, watcher, label)
    cache.put("training", job.key, _pack(result))
    return result


def _train(job: TrainingJob, observer: Observer, label: str) -> TrainingResult:
    splits = job.source.splits()
    return train(
        build(job.spec, job.seed),
        splits.train,
        splits.evaluation,
        job.recipe,
        seed=job.seed,
        observer=observer,
        device=torch.device(job.device),
        label=label,
    )


def _pack(result: TrainingResult) -> dict[str, bytes]:
    facts = {
        "best_epoch": result.best_epoch,
        "curve": list(result.curve),
        "seconds": result.seconds,
        "diverged": result.diverged,
    }
    return {
        "training.json": canonical_json(facts).encode(),
        "best.safetensors": save(_contiguous(result.best)),
        "last.safetensors": save(_contiguous(result.last)),
    }


def _unpack(files: dict[str, bytes]) -> TrainingResult:
    facts = json.loads(files["training.json"])
    return TrainingResult(
        best=load(files["best.safetensors"]),
        last=load(files["last.safetensors"]),
        best_epoch=facts["best_epoch"],
        curve=tuple(facts["curve"]),
        seconds=facts["seconds"],
        diverged=facts["diverged"],
    )


def _contiguous(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
