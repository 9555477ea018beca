"""The last step of a comparison: full training, then the only look at the test split."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from rcnas_zoo.candidates.examples import receipt_of
from rcnas_zoo.candidates.pruning import PruningJob, prune_cached
from rcnas_zoo.candidates.training import TrainingJob, kept_in, train_cached
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, ledgers_of, subset
from rcnas_zoo.execution.team import Team
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.zoo.loading import load_model


@dataclass(frozen=True)
class FinalPlan:
    """What the test split is asked.

    Attributes:
        attacks: attacks on the whole test split; none if it is the subset alone that is measured.
        subset_attacks: costly attacks on a fixed, seeded subset.
        subset_samples: images of that subset.
    """

    attacks: tuple[str, ...]
    subset_attacks: tuple[str, ...] = ()
    subset_samples: int = 64


def final_plan(attack: str, subset_samples: int) -> FinalPlan:
    """PGD-20 and the task's own attack on every test image; AutoAttack, hundreds of times dearer, on a subset."""
    own = () if attack in ("clean", "pgd-20", "autoattack") else (attack,)
    return FinalPlan(("pgd-20", *own), ("autoattack",), subset_samples)


@dataclass(frozen=True)
class FinalJob:
    """One network's full training and final evaluation; travels to a worker process.

    Attributes:
        method: which row of the comparison it is, or what else to call it.
        training: the training; its spec is the row's network.
        threat, plan: what the test split is attacked with.
        weights: folder of a zoo entry whose weights are taken instead of training.
        pruning: how the network is pruned; then this says how it is trained, in place of the training's recipe.
    """

    method: str
    training: TrainingJob
    threat: ThreatModel
    plan: FinalPlan
    weights: Path | None = None
    pruning: PruningRecipe | None = None


@dataclass(frozen=True)
class FinalResult:
    """A row of the comparison.

    Attributes:
        method: which row.
        spec: its network.
        measured: the measurement on the whole test split, then the one on the subset.
        curve: metrics of each training epoch; empty if nothing was trained.
        diverged: training gave no finite loss; the measurements are of the last finite weights.
        receipt: what proves the first measurement (see `receipt_of`).
    """

    method: str
    spec: NetworkSpec
    measured: tuple[Measurement, ...]
    curve: tuple[dict[str, float], ...]
    diverged: bool = False
    receipt: bytes = b""


def run_final(job: FinalJob, observer: Observer | None = None) -> FinalResult:
    """Train a network fully, or take its weights, and measure it on the test split."""
    watcher = observer or Silent()
    if job.weights is None:
        return finish(*train_fully(job, watcher), watcher)
    model = load_model(job.weights, job.training.device)
    measured, receipt = measure_on_test(model, job, watcher)
    return FinalResult(job.method, job.training.spec, measured, (), receipt=receipt)


def train_fully(job: FinalJob, observer: Observer, team: Team | None = None) -> tuple[FinalJob, TrainingResult]:
    """The training of a job, and the job itself, whose network is the pruned one if it was pruned.

    Raises:
        InvalidInput, NotFound, Unavailable: as `train_cached` and `prune_cached`.
    """
    if job.pruning is None:
        return job, train_cached(job.training, observer, f"training {job.method}", team)
    made = prune_cached(PruningJob(job.training, job.pruning), observer, f"pruning {job.method}", team)
    trained = replace(made.trained, best=made.weights, last=made.weights, curve=made.curve)
    return replace(job, training=replace(job.training, spec=made.spec)), trained


def finish(job: FinalJob, trained: TrainingResult, observer: Observer) -> FinalResult:
    """Measure what a training has left on the test split."""
    measured, receipt = measure_on_test(_network(job.training, trained), job, observer)
    return FinalResult(job.method, job.training.spec, measured, trained.curve, trained.diverged, receipt)


def trained_model(
    training: TrainingJob, weights: Path | None, observer: Observer, label: str
) -> tuple[nn.Module, bool]:
    """The network with its best weights, and whether its training diverged."""
    if weights is not None:
        return load_model(weights, training.device), False
    result = train_cached(training, observer, label)
    return _network(training, result), result.diverged


def _network(training: TrainingJob, trained: TrainingResult) -> nn.Module:
    model = build(training.spec).to(torch.device(training.device))
    model.load_state_dict(trained.best)
    return model


def measure_on_test(model: nn.Module, job: FinalJob, observer: Observer) -> tuple[tuple[Measurement, ...], bytes]:
    """Measurements on the test split, whole, then the subset, and the receipt of the first.

    Nothing else in a search or training opens that split.
    """
    training, plan = job.training, job.plan
    dataset = training.source.dataset()
    test = dataset.test()
    parts = [(test, plan.attacks)] if plan.attacks else []
    if plan.subset_attacks:
        parts.append((subset(test, plan.subset_samples, training.seed), plan.subset_attacks))
    measured: list[Measurement] = []
    receipt = b""
    for images, attacks in parts:
        attack = replace(AttackJob.after(training, attacks, job.threat), keeps_examples=not measured)
        report = evaluate_cached(model, training.spec, images, attack, observer, f"attacking {job.method}")
        measured.append(report.to_measurement(dataset.name, "test", images.digest))
        if len(measured) == 1:
            bounds = (training.spec.input.low, training.spec.input.high)
            receipt = receipt_of(model, images, ledgers_of(model, training.spec, images, attack), report, bounds)
    return tuple(measured), receipt


def refuse_diverged(training: TrainingJob, trained: TrainingResult) -> None:
    """Raise Diverged if a training diverged: its weights are those before the loss broke, and nobody could tell."""
    if trained.diverged:
        raise Diverged(
            f"a training must keep a finite loss, it diverged at update {trained.diverged_at}, after "
            f"{len(trained.curve)} whole epochs, whose weights are kept in {kept_in(training, trained)}; take another "
            "--seed, or a lower learning rate (--set learning_rate=...)"
        )


def metrics_on_test(result: FinalResult) -> dict[str, float]:
    """Accuracies on the test split as a run logs them: ``test.clean`` and one for each attack."""
    numbers = {"test.clean": result.measured[0].clean_accuracy}
    for measured in result.measured:
        numbers |= {f"test.{name}": value for name, value in measured.attacks.items()}
    return numbers
