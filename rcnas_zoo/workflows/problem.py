"""From a task to a search problem: the teacher is trained (or taken as it is), measured and described."""

import json

import torch
from torch import nn

from rcnas_zoo.attacks.guard import untouched
from rcnas_zoo.attacks.registry import make_attack
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import threads_for
from rcnas_zoo.candidates.verdicts import ENGINE_VERSION, AttackJob, evaluate_cached, weights_digest
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.lips import lips_statistics
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.workflows.finals import trained_model
from rcnas_zoo.workflows.prepare import Prepared

BATCH_SIZE = 250


def make_problem(prepared: Prepared, observer: Observer) -> SearchProblem:
    """The search problem of a task: the teacher is attacked on the evaluation split; its training is the slow part."""
    spec, images = prepared.teacher.spec, prepared.search.source.splits().evaluation
    model, _, _ = trained_model(prepared.search, prepared.teacher.weights, observer, "training the teacher")
    attack = AttackJob.after(prepared.search, (str(prepared.task.attack),), prepared.threat)
    report = evaluate_cached(model, spec, images, attack, observer, "attacking the teacher")
    price, lips = cost(spec), _lips_cached(model, spec, images, attack)
    facts = TeacherFacts(spec, price.parameters, price.macs, report.robust_accuracy, lips)
    return SearchProblem(prepared.task, prepared.threat, facts, len(images))


def _lips_cached(model: nn.Module, spec: ResidualSpec, images: Images, job: AttackJob) -> tuple[float, ...]:
    attack = make_attack(AttackName.parse(job.attacks[0]), job.threat, spec.classes, spec.input.low, spec.input.high)
    parts = {
        "engine": ENGINE_VERSION,
        "weights": weights_digest(model.state_dict()),
        "data": images.digest,
        "attack": attack.settings,
        "threat": str(job.threat),
        "seed": job.seed,
    }
    cache, key = ContentCache(job.cache), digest(parts)
    kept = cache.get("lips", key)
    if kept is None:
        device = next(model.parameters()).device
        clean, labels = images.floats().to(device), images.labels.to(device)
        with torch_threads(threads_for(spec, job.threads)), untouched(model):
            generator = torch.Generator().manual_seed(job.seed)
            batches = zip(torch.split(clean, BATCH_SIZE), torch.split(labels, BATCH_SIZE), strict=True)
            attacked = torch.cat([attack.perturb(model, *batch, generator) for batch in batches])
            values = lips_statistics(model, clean, attacked)
        kept = {"lips.json": canonical_json(list(values)).encode()}
        cache.put("lips", key, kept)
    return tuple(json.loads(kept["lips.json"]))
