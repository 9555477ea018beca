"""Trainings that are never done twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load, save
from torch import Tensor

from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.execution.locks import holder, lock, waited
from rcnas_zoo.execution.team import Team
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.checkpoints import Checkpoints
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.training.host import Host
from rcnas_zoo.training.loop import train

ENGINE_VERSION = 3
ONE_THREAD_MACS = 50_000_000


@dataclass(frozen=True)
class TrainingJob:
    """All that a training depends on, and where it runs and is kept. Travels to worker processes.

    Attributes:
        spec, recipe, seed, source: what is trained, how, from which seed, on which images.
        cache: root folder of the cache.
        device: torch device as text.
        threads: torch threads of a network too large for one (see `threads_for`).
        floors: epochs, each with the robust accuracy below which the training ends there (see `train`).
        compile: ``auto``, ``on`` or ``off``.
    """

    spec: NetworkSpec
    recipe: TrainingRecipe
    seed: int
    source: DataSource
    cache: Path
    device: str = "cpu"
    threads: int = 1
    floors: tuple[tuple[int, float], ...] = ()
    compile: str = "auto"

    def key(self, processes: int = 1) -> str:
        """Digest of everything that decides the weights, down to the order in which sums are taken."""
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
            "floors": [list(floor) for floor in self.floors],
            "compile": self.compile,
            "processes": processes,
        }
        return digest(parts)


def threads_for(spec: NetworkSpec, available: int) -> int:
    """Torch threads for one network: one below 50 M MACs, where more only cost; a fixed rule, not a timing."""
    return 1 if nominal_cost(spec).macs < ONE_THREAD_MACS else max(1, available)


def train_cached(
    job: TrainingJob, observer: Observer | None = None, label: str = "training", team: Team | None = None
) -> TrainingResult:
    """The result of a training, from the cache or done now and kept; the observer hears of its epochs either way.

    One that was cut off goes on from its last checkpoint. Of a team, every process gets the result; the leader's cache
    counts.

    Raises:
        InvalidInput, NotFound: the data set is unknown, malformed or absent.
        Unavailable: the cache cannot be written.
    """
    team = team or Team()
    device = team.device if team.size > 1 else torch.device(job.device)
    host = Host(device, observer or Silent(), label, team=team, compile=job.compile)
    with torch_threads(threads_for(job.spec, job.threads)):
        return once(job.cache, job.key(team.size), job.recipe.epochs, host, lambda host: _train(job, host))


def once(cache: Path, key: str, epochs: int, host: Host, make: Callable[[Host], TrainingResult]) -> TrainingResult:
    """The result of a training of this key, from the cache or made now and kept.

    While another process makes it, this one waits; should that one die, this one goes on from its last checkpoint.

    Args:
        cache: root folder of the cache.
        key: digest of all that decides the weights.
        epochs: of the whole training, for the observer.
        host: where it runs and who watches.
        make: trains, on the host with its checkpoints.

    Raises:
        Unavailable: the cache cannot be written.
    """
    kept = _kept(cache, key, host.team)
    if kept is None:
        with _checkpoints(cache, key, host) as checkpoints:
            kept = _kept(cache, key, host.team)  # once more: it may have been waited for
            if kept is None:
                return _made(cache, key, replace(host, checkpoints=checkpoints), make)
    for number, metrics in enumerate(kept.curve, start=1):
        host.observer.epoch(number, epochs, metrics)
    return kept


def _made(cache: Path, key: str, host: Host, make: Callable[[Host], TrainingResult]) -> TrainingResult:
    result = make(host)
    if host.team.leads:
        ContentCache(cache).put("training", key, _pack(result))
    if host.checkpoints:
        host.checkpoints.clear()
    return result


def kept_in(job: TrainingJob, result: TrainingResult) -> Path:
    """The folder of the cache in which a result lies, with the weights ``best`` and ``last``."""
    return ContentCache(job.cache).folder("training", job.key(result.engine["processes"]))


@contextmanager
def _checkpoints(cache: Path, key: str, host: Host) -> Iterator[Checkpoints | None]:
    """Within: the checkpoints of a training, which this process alone makes.

    A team does not wait, for its other processes would give its leader up: where another process makes the same
    training there is None for it. So there is for all that do not lead.
    """
    folder, team = cache / "locks", host.team
    if not team.leads:
        yield None
        return
    with ExitStack() as held:
        # The lock does not lie beside the checkpoints, for their folder is deleted while others wait.
        mine = held.enter_context(lock(folder, key))
        if not mine and team.size == 1:
            host.observer.progress(host.label, 0, 1, f"waiting for process {holder(folder, key)}, which trains it")
            held.enter_context(waited(folder, key))
            mine = True
        yield Checkpoints(cache / "checkpoints" / key) if mine else None


def _kept(cache: Path, key: str, team: Team) -> TrainingResult | None:
    files = ContentCache(cache).get("training", key) if team.leads else None
    if team.size > 1:
        names = team.tell(sorted(files) if files else None)
        files = {name: team.tell(files[name] if files else b"") for name in names} if names else None
    return None if files is None else _unpack(files)


def _train(job: TrainingJob, host: Host) -> TrainingResult:
    splits = job.source.splits()
    model = build(job.spec, job.seed)
    return train(model, splits.train, splits.evaluation, job.recipe, seed=job.seed, host=host, floors=dict(job.floors))


def _pack(result: TrainingResult) -> dict[str, bytes]:
    facts = {
        "best_epoch": result.best_epoch,
        "curve": list(result.curve),
        "seconds": result.seconds,
        "diverged_at": result.diverged_at,
        "hopeless": result.hopeless,
        "engine": result.engine,
    }
    return {
        "training.json": canonical_json(facts).encode(),
        "best.safetensors": save(_contiguous(result.best)),
        "last.safetensors": save(_contiguous(result.last)),
    }


def _unpack(files: dict[str, bytes]) -> TrainingResult:
    facts = json.loads(files["training.json"])
    facts["curve"] = tuple(facts["curve"])
    return TrainingResult(best=load(files["best.safetensors"]), last=load(files["last.safetensors"]), **facts)


def _contiguous(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
