"""The only look that a benchmark takes at the test split: one network, all that it is measured under."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from torch import Tensor, nn

from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.candidates.verdicts import AttackJob, evaluate_cached, places
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.report import EvaluationReport, accuracy
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.measures import CURVE, Measures

SUBSET_SEED = 0
"""Of the choice of test images for dear attacks; the same for all seeds and rows, so that these can be compared."""


@dataclass(frozen=True)
class Measured:
    """What a network came to; the fields are those of a `SeedResult`, where they are described."""

    clean_accuracy: float
    attacks: Mapping[str, float]
    samples: Mapping[str, int]
    robust_accuracy: float
    same_images: Mapping[str, float]
    radii: Mapping[str, float]
    radii_alone: Mapping[str, float]
    flags: tuple[str, ...]


def measure(
    model: nn.Module, training: TrainingJob, measures: Measures, observer: Observer, label: str = "attacking"
) -> Measured:
    """Attack a network on the test split; verdicts that are in the cache are not made again.

    Args:
        model: the network, trained.
        training: its job, with its own spec: says which data, seed, cache and threads.
        measures: what it is asked.
        observer: who watches.
        label: what the observer knows this by.

    Raises:
        InvalidInput, Unavailable: as `evaluate`.
    """
    test = training.source.dataset().test()
    chosen = places(len(test), measures.samples, SUBSET_SEED)
    some = test if len(chosen) == len(test) else test.select(chosen)

    def attack(images: Images, names: tuple[str, ...], threat: ThreatModel, keeps: bool = False) -> EvaluationReport:
        job = replace(AttackJob.after(training, names, threat), keeps_examples=keeps)
        return evaluate_cached(model, training.spec, images, job, observer, label)

    # The examples are kept as `measure_on_test` does, so that both find each other's verdicts.
    whole = attack(test, measures.whole, measures.threat, keeps=True)
    part = attack(some, measures.part, measures.threat)
    curve = {t: whole if t == measures.threat else attack(test, (CURVE,), t) for t in measures.radii}
    # An attack that failed has left a flag and no verdicts.
    verdicts = {str(threat): report.verdicts[CURVE] for threat, report in curve.items() if CURVE in report.verdicts}
    stands = accumulate(verdicts.values(), torch.logical_and)
    return Measured(
        clean_accuracy=whole.clean_accuracy,
        attacks={**whole.attacks, **part.attacks},
        samples={"clean": whole.samples, **_samples(whole), **_samples(part)},
        robust_accuracy=whole.robust_accuracy,
        same_images=_on_the_same(whole, part, chosen),
        radii=dict(zip(verdicts, map(accuracy, stands), strict=True)),
        radii_alone={threat: accuracy(verdict) for threat, verdict in verdicts.items()},
        flags=tuple(dict.fromkeys(flag for report in (whole, part, *curve.values()) for flag in report.flags)),
    )


def _samples(report: EvaluationReport) -> dict[str, int]:
    return dict.fromkeys(report.attacks, report.samples)


def _on_the_same(whole: EvaluationReport, part: EvaluationReport, chosen: Tensor) -> dict[str, float]:
    """The accuracies on the images of the subset: those of its own attacks, and of the others what they found there."""
    others = {name: accuracy(whole.verdicts[name][chosen]) for name in whole.attacks}
    return {**others, **part.attacks}
