"""From a task to a search problem: the teacher is trained (or taken as it is), measured and described."""

from pathlib import Path

from rcnas_zoo.candidates.attacked import attack_cached, attacked_images
from rcnas_zoo.candidates.training import TrainingJob, threads_for
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached
from rcnas_zoo.execution.threads import torch_threads
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.lips import lips_statistics
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.workflows.finals import trained_model
from rcnas_zoo.workflows.prepare import Prepared


def make_problem(prepared: Prepared, observer: Observer) -> SearchProblem:
    """The search problem of a task: the teacher is attacked on the evaluation split; its training is the slow part.

    Raises:
        Diverged: the teacher's training gave no finite loss.
    """
    facts = teacher_facts(prepared.search, prepared.posed, observer, prepared.teacher.weights)
    return SearchProblem(prepared.task, prepared.threat, facts, len(prepared.search.source.splits().evaluation))


def teacher_facts(
    training: TrainingJob,
    posed: PosedTask,
    observer: Observer,
    weights: Path | None = None,
    *,
    may_diverge: bool = False,
) -> TeacherFacts:
    """What is known of a teacher after it was trained and attacked on the evaluation split, both through the cache.

    Args:
        training: how it is trained.
        posed: the attack and threat to measure it under.
        observer: who watches.
        weights: the entry whose weights it has; None if it is to be trained.
        may_diverge: whether one whose training diverged is taken with its last finite weights.

    Raises:
        Diverged: the training gave no finite loss.
    """
    spec, images = training.spec, training.source.splits().evaluation
    model, diverged = trained_model(training, weights, observer, "training the teacher")
    if diverged and not may_diverge:
        raise Diverged("the teacher's training must keep a finite loss, it diverged; take another --seed")
    attack = AttackJob.after(training, (str(posed.task.attack),), posed.threat)
    report = evaluate_cached(model, spec, images, attack, observer, "attacking the teacher")
    key, price = attack_cached(model, spec, images, attack), cost(spec)
    device = next(model.parameters()).device
    with torch_threads(threads_for(spec, attack.threads)):
        lips = lips_statistics(model, images.floats().to(device), attacked_images(attack, key).to(device))
    return TeacherFacts(spec, price.parameters, price.macs, report.complete().robust_accuracy, lips, key)
