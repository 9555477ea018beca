"""From a task to a search problem: the teacher is trained (or taken as it is), measured and described."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import TrainingJob, train_cached
from rcnas_zoo.candidates.verdicts import evaluate_cached, weights_digest
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.lips import lips_statistics
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.entry import Entry
from rcnas_zoo.zoo.loading import load_model


@dataclass(frozen=True)
class TeacherJob:
    """How the teacher's facts are made: trained as a candidate is, or read from a zoo entry's weights."""

    training: TrainingJob
    attack: str
    threat: ThreatModel
    weights: Path | None = None


def teacher_spec_of(entry: Entry, shape: Sequence[int], classes: int) -> ResidualSpec:
    """The spec of a teacher that the user brings.

    Raises:
        InvalidInput: its kind, input shape or classes do not fit the data set.
    """
    spec = entry.spec
    if not isinstance(spec, ResidualSpec):
        raise InvalidInput(f"a teacher must be a residual network, got kind {spec.kind!r} in {entry.folder}")
    check_fits(spec, shape, classes)
    return spec


def check_fits(spec: NetworkSpec, shape: Sequence[int], classes: int) -> None:
    """Raise InvalidInput unless a network takes images of this shape and tells this many classes apart."""
    if tuple(spec.input.shape) != tuple(shape) or spec.classes != classes:
        raise InvalidInput(
            f"a network for this data set must take images {tuple(shape)} of {classes} classes, "
            f"got {tuple(spec.input.shape)} and {spec.classes}"
        )


def measure_teacher(job: TeacherJob, observer: Observer) -> TeacherFacts:
    """Train (or load) the teacher, attack the evaluation split on it, and gather what the agent's state needs."""
    spec = job.training.spec
    if job.weights is not None:
        model = load_model(job.weights, job.training.device)
    else:
        model = build(spec).to(torch.device(job.training.device))
        model.load_state_dict(train_cached(job.training, observer, "training the teacher").best)
    images = job.training.source.splits().evaluation
    report = evaluate_cached(
        model, spec, images, [job.attack], job.threat, job.training.seed, job.training.cache, observer
    )
    price = cost(spec)
    lips = _lips_cached(job, model, images)
    return TeacherFacts(spec, price.parameters, price.macs, report.robust_accuracy, lips)


def _lips_cached(job: TeacherJob, model: torch.nn.Module, images: Images) -> tuple[float, ...]:
    spec, cache = job.training.spec, ContentCache(job.training.cache)
    attack = make_attack(AttackName.parse(job.attack), job.threat, spec.classes, spec.input.low, spec.input.high)
    parts = {
        "weights": weights_digest(model.state_dict()),
        "data": images.digest,
        "attack": attack.settings,
        "threat": str(job.threat),
        "seed": job.training.seed,
    }
    key = digest(parts)
    kept = cache.get("lips", key)
    if kept is None:
        clean = images.floats().to(job.training.device)
        labels = images.labels.to(job.training.device)
        with untouched(model):
            generator = torch.Generator().manual_seed(job.training.seed)
            attacked = attack.perturb(model, clean, labels, generator)
        values = lips_statistics(model, clean, attacked)
        kept = {"lips.json": canonical_json(list(values)).encode()}
        cache.put("lips", key, kept)
    return tuple(json.loads(kept["lips.json"]))


def make_problem(task: Task, job: TeacherJob, observer: Observer) -> SearchProblem:
    """The search problem of a task; the slow part is the teacher's training."""
    facts = measure_teacher(job, observer)
    samples = len(job.training.source.splits().evaluation)
    return SearchProblem(task, job.threat, facts, samples)
