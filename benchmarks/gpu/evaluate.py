"""One slice of the measurement of a trained network: clean, PGD-20 and AutoAttack on test images, with a receipt.

The network is the one that will be published: its weights are those of the parts, rounded to float16.
"""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from benchmarks.gpu.collect import collect
from benchmarks.gpu.slices import TimeUp, ending_after, left
from benchmarks.gpu.telling import Lines, say
from benchmarks.gpu.train import GO_ON, surroundings
from benchmarks.gpu.weights import FOLDER, join, kept
from benchmarks.gpu.work import Work, open_dataset
from rcnas_zoo.candidates.examples import receipt_of
from rcnas_zoo.candidates.verdicts import AttackJob, Ledgers, ledgers_of, subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.campaign import Means
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.evaluation.limits import Limits
from rcnas_zoo.evaluation.report import FAILED, EvaluationReport
from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.networks.build import build
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.threat import ThreatModel

EVALUATION = "evaluation.json"
RECEIPT = "receipt.safetensors"
NO_MORE = 0.75
"""After this share of what is left of a slice no further batch is begun: one that has begun is waited for."""


@dataclass(frozen=True, eq=False)
class Exam:
    """A network before its test images.

    Attributes:
        model, spec: the network, on the device.
        images: the test images.
        job: attacks, threat, seed and where verdicts are kept.
        batch_size: images at a time.
    """

    model: nn.Module
    spec: NetworkSpec
    images: Images
    job: AttackJob
    batch_size: int

    @property
    def ledgers(self) -> Ledgers:
        """Where the verdicts are."""
        return ledgers_of(self.model, self.spec, self.images, self.job)

    def report(self, seconds: float) -> EvaluationReport:
        """What is found until ``seconds`` are over; an estimate, if not all images have had their turn."""
        return evaluate(
            self.model,
            self.images.floats(),
            self.images.labels,
            attacks=self.job.attacks,
            threat=self.job.threat,
            seed=self.job.seed,
            batch_size=self.batch_size,
            limits=Limits(seconds=seconds),
            means=Means(None, self.ledgers.open),
            observer=Lines(),
            label="attacking",
        )

    def receipt(self, report: EvaluationReport) -> bytes:
        """What proves a report."""
        return receipt_of(self.model, self.images, self.ledgers, report, (self.spec.input.low, self.spec.input.high))


def run(arguments: Namespace) -> int:
    """The command: 0 when every image has its verdicts, `GO_ON` when there is more to do."""
    state, device = arguments.state, pick_device(arguments.device)
    if not kept(state):
        raise NotFound(f"the training in {state} must be done before it is measured; give its command again")
    work = Work.read(state)
    exam = prepared(work, arguments, device)
    try:
        with ending_after(left(arguments.slice_minutes)):
            report = exam.report(max(1.0, NO_MORE * left(arguments.slice_minutes)))
            complete = is_complete(report, arguments.attacks)
            if complete:
                write_whole(state / RECEIPT, exam.receipt(report))
    except TimeUp:
        say(f"the slice is over and the verdicts are kept in {state}; give the same command again to go on")
        return GO_ON
    told = {**summary(report, work.dataset, exam.images), "complete": complete, **surroundings(device)}
    write_whole(state / EVALUATION, canonical_json(told).encode())
    say(collect(state, arguments.out, arguments.parts))
    print(canonical_json({name: told[name] for name in ("complete", "accuracies", "flags")}))
    return 0 if complete else GO_ON


def prepared(work: Work, arguments: Namespace, device: torch.device) -> Exam:
    """The network with the weights that travel, and its images."""
    spec, state = join(arguments.state / FOLDER)
    model = build(spec)
    model.load_state_dict(state)
    test = open_dataset(work.dataset, arguments.data).test()
    images = subset(test, arguments.samples, work.seed)
    threat = ThreatModel.parse(work.recipe.threat)
    job = AttackJob(tuple(arguments.attacks), threat, work.seed, arguments.state, keeps_examples=True)
    return Exam(model.eval().to(device), spec, images, job, arguments.batch_size)


def is_complete(report: EvaluationReport, attacks: Sequence[str]) -> bool:
    """Whether every image has met every attack."""
    return report.estimate is None and set(attacks) <= set(report.verdicts) and not _is_lacking(report)


def _is_lacking(report: EvaluationReport) -> bool:
    return any(flag.startswith(("not-run:", FAILED, "estimated:")) for flag in report.flags)


def summary(report: EvaluationReport, dataset: str, images: Images) -> dict[str, Any]:
    """Plain JSON data: the measurement of a record, and an interval for every accuracy."""
    accuracies = {
        name: {"accuracy": int(found.sum()) / len(found), "interval": list(wilson(int(found.sum()), len(found)))}
        for name, found in report.verdicts.items()
    }
    robust = {"accuracy": report.robust_accuracy, "interval": list(report.interval)}
    return {
        "measurement": asdict(report.to_measurement(dataset, "test", images.digest)),
        "accuracies": {**accuracies, "robust": robust},
        "flags": list(report.flags),
        "seconds": round(report.seconds, 1),
    }
