"""Evaluations that are never done twice."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import TrainingJob, threads_for
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.engine import has_bfloat16
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.threat import ThreatModel

ENGINE_VERSION = 3
_PLAIN = (
    "clean_accuracy",
    "attacks",
    "robust_accuracy",
    "interval",
    "samples",
    "seed",
    "settings",
    "flags",
    "seconds",
)


@dataclass(frozen=True)
class AttackJob:
    """What a network's images are attacked with, and where the verdicts are kept.

    Attributes:
        attacks, threat, seed: as for `evaluate`.
        cache: root folder of the cache.
        threads: torch threads of a network too large for one (see `threads_for`).
        protocol: as for `evaluate`.
    """

    attacks: tuple[str, ...]
    threat: ThreatModel
    seed: int
    cache: Path
    threads: int = 1
    protocol: str = "default"

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
    """The report on the network of a spec, from the cache or made now and kept; raises as `evaluate`."""
    cache, key = ContentCache(job.cache), _key(model, spec, images, job)
    kept = cache.get("verdicts", key)
    if kept is not None:
        return _unpack(kept)
    report = evaluate_job(model, images, job, threads_for(spec, job.threads), observer or Silent(), label)
    cache.put("verdicts", key, _pack(report))
    return report


def evaluate_job(
    model: nn.Module, images: Images, job: AttackJob, threads: int, observer: Observer, label: str
) -> EvaluationReport:
    """The report on a network, made now and not kept; raises as `evaluate`."""
    with torch_threads(threads):
        return evaluate(
            model,
            images.floats(),
            images.labels,
            attacks=job.attacks,
            threat=job.threat,
            protocol=job.protocol,
            seed=job.seed,
            observer=observer,
            label=label,
        )


def computed_by(model: nn.Module, threads: int) -> dict[str, Any]:
    """What rounds sums differently, and so belongs into a key: device, threads, precision and the release of torch."""
    device = next(model.parameters()).device
    return {"device": device.type, "threads": threads, "bfloat16": has_bfloat16(device), "torch": torch.__version__}


def _key(model: nn.Module, spec: NetworkSpec, images: Images, job: AttackJob) -> str:
    bounds = (spec.classes, spec.input.low, spec.input.high, job.protocol)
    made = {name: make_attack(AttackName.parse(name), job.threat, *bounds) for name in job.attacks}
    parts = {
        "engine": ENGINE_VERSION,
        "spec": spec.digest,
        "weights": weights_digest(model.state_dict()),
        "data": images.digest,
        "threat": str(job.threat),
        "attacks": [[name, attack.settings] for name, attack in made.items()],
        "seed": job.seed,
        **computed_by(model, threads_for(spec, job.threads)),
    }
    return digest(parts)


def _pack(report: EvaluationReport) -> dict[str, bytes]:
    facts = {name: getattr(report, name) for name in _PLAIN}
    facts["threat"] = [report.threat.norm, str(report.threat.radius)]
    facts["order"] = list(report.attacks)  # canonical JSON sorts the names
    return {
        "report.json": canonical_json(facts).encode(),
        "verdicts.safetensors": save({name: verdict.contiguous() for name, verdict in report.verdicts.items()}),
    }


def _unpack(files: dict[str, bytes]) -> EvaluationReport:
    facts = json.loads(files["report.json"])
    norm, radius = facts["threat"]
    facts["threat"] = ThreatModel(norm, Fraction(radius))
    order = facts.pop("order")
    for name in ("attacks", "settings"):
        facts[name] = {attack: facts[name][attack] for attack in order}
    facts["interval"], facts["flags"] = tuple(facts["interval"]), tuple(facts["flags"])
    return EvaluationReport(verdicts=load(files["verdicts.safetensors"]), **facts)


def subset(images: Images, count: int, seed: int) -> Images:
    """A fixed, seeded choice of at most ``count`` images, in their own order."""
    if count >= len(images):
        return images
    chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:count]
    return images.select(chosen.sort().values)
