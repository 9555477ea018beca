"""Verdicts that are never made twice."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.transfer import Source
from rcnas_zoo.candidates.training import TrainingJob, threads_for
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.campaign import Means
from rcnas_zoo.evaluation.engine import has_bfloat16
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.ledger import Ledger
from rcnas_zoo.evaluation.limits import UNLIMITED, Limits
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.threat import ThreatModel

ENGINE_VERSION = 5


@dataclass(frozen=True)
class AttackJob:
    """What a network's images are attacked with, and where the verdicts are kept.

    Attributes:
        attacks, threat, seed: as for `evaluate`.
        cache: root folder of the cache.
        threads: torch threads of a network too large for one (see `threads_for`).
        protocol, limits: as for `evaluate`.
        workers: processes that share the images, with one thread each.
        keeps_examples: whether what broke an image is kept beside its verdict.
        source, lint: as for `evaluate`.
    """

    attacks: tuple[str, ...]
    threat: ThreatModel
    seed: int
    cache: Path
    threads: int = 1
    protocol: str = "default"
    limits: Limits = UNLIMITED
    workers: int = 1
    keeps_examples: bool = False
    source: Source | None = None
    lint: bool = False

    @classmethod
    def after(cls, training: TrainingJob, attacks: tuple[str, ...], threat: ThreatModel) -> "AttackJob":
        """The attacks on a network that was trained so: the same seed, cache and threads."""
        return cls(attacks, threat, training.seed, training.cache, training.threads)


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """sha256 of the weights as safetensors, tensors in the order of their names."""
    ordered = {name: state[name].detach().cpu().contiguous() for name in sorted(state)}
    return sha256(save(ordered)).hexdigest()


def evaluate_cached(
    model: nn.Module,
    spec: NetworkSpec,
    images: Images,
    job: AttackJob,
    observer: Observer | None = None,
    label: str = "evaluating",
) -> EvaluationReport:
    """The report on the network of a spec; verdicts that are in the cache are not made again. Raises as `evaluate`."""
    threads = threads_for(spec, job.threads)
    ledgers = ledgers_of(model, spec, images, job)
    return evaluate_job(model, images, job, ledgers, threads, observer or Silent(), label)


def ledgers_of(model: nn.Module, spec: NetworkSpec, images: Images, job: AttackJob) -> "Ledgers":
    """Where the verdicts on the network of a spec are kept."""
    by = computed_by(model, threads_for(spec, job.threads))
    return Ledgers(job, images.digest, {"spec": spec.digest, "weights": weights_digest(model.state_dict()), **by})


def evaluate_job(
    model: nn.Module,
    images: Images,
    job: AttackJob,
    ledgers: "Ledgers",
    threads: int,
    observer: Observer,
    label: str,
) -> EvaluationReport:
    """The report on a network whose verdicts are kept in these ledgers; raises as `evaluate`."""
    with torch_threads(threads), ExitStack() as stack:
        workers = stack.enter_context(Workers(job.workers)) if job.workers > 1 else None
        return evaluate(
            model,
            images.floats(),
            images.labels,
            attacks=job.attacks,
            threat=job.threat,
            protocol=job.protocol,
            seed=job.seed,
            limits=job.limits,
            source=job.source,
            lint=job.lint,
            means=Means(workers, ledgers.open),
            observer=observer,
            label=label,
        )


@dataclass(frozen=True)
class Ledgers:
    """Where verdicts on some images are kept: a folder for each attack, named by all that decides them.

    Attributes:
        job: threat, seed and cache.
        data: digest of the images and labels.
        identity: what tells the network and what computes it, plain JSON data.
    """

    job: AttackJob
    data: str
    identity: Mapping[str, Any]

    def open(self, attack: Attack, size: int) -> Ledger:
        """The ledger of an attack on so many images."""
        return Ledger(size, self.folder(attack), self.job.keeps_examples)

    def folder(self, attack: Attack) -> Path:
        """Where the ledger of an attack lies, if it is there."""
        parts = {
            **self.identity,
            "engine": ENGINE_VERSION,
            "data": self.data,
            "attack": attack.settings,
            "seed": self.job.seed,
            "examples": self.job.keeps_examples,
        }
        key = digest(parts)
        return self.job.cache / "verdicts" / key[:2] / key


def computed_by(model: nn.Module, threads: int) -> dict[str, Any]:
    """What rounds sums differently, and so belongs into a key: device, threads, precision and the release of torch."""
    device = next(model.parameters(), torch.empty(0)).device
    return {"device": device.type, "threads": threads, "bfloat16": has_bfloat16(device), "torch": torch.__version__}


def subset(images: Images, count: int, seed: int) -> Images:
    """A fixed, seeded choice of at most ``count`` images, in their own order."""
    return images if count >= len(images) else images.select(places(len(images), count, seed))


def places(size: int, count: int, seed: int) -> Tensor:
    """The places of `subset` among ``size`` images: int64 (at most ``count``,), ascending."""
    return torch.randperm(size, generator=torch.Generator().manual_seed(seed))[:count].sort().values
