"""Security curves: what is left of a network as the attacker's radius grows."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from rcnas_zoo.evaluation.intervals import wilson
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.question import Question


@dataclass(frozen=True)
class CurvePoint:
    """One radius.

    Attributes:
        threat: norm and radius as text.
        radius: as a share of the value range.
        attacks: attack name to accuracy under it at this radius alone, in [0, 1].
        robust_accuracy: worst case over the attacks at this radius and all smaller ones, for what breaks an image in a
            ball breaks it in every larger one.
        interval: 95 % Wilson interval of it.
        flags: reasons to doubt this point.
    """

    threat: str
    radius: float
    attacks: dict[str, float]
    robust_accuracy: float
    interval: tuple[float, float]
    flags: tuple[str, ...] = ()


def security_curve(
    question: Question, report: EvaluationReport, radii: Sequence[str], observer: Observer
) -> tuple[CurvePoint, ...]:
    """The curve over these radii and that of the question, ascending; empty if no radius is given.

    Args:
        question: the network, the images and the attacks.
        report: its answer.
        radii: further radii in the norm of the question's threat, such as ``2/255``.
        observer: who watches.

    Raises:
        InvalidInput: a radius outside its range.
    """
    own = question.job.threat
    threats = {own, *(ThreatModel.of(own.norm, radius) for radius in radii)} if radii else set()
    stands = torch.ones_like(report.labels, dtype=torch.bool)
    points = []
    for threat in sorted(threats, key=lambda threat: threat.radius):
        found = report if threat == own else question.under(threat).answer(observer)
        stands = stands & (found.worst_predictions == found.labels)
        right = int(stands.sum())
        accuracies, interval = dict(found.attacks), wilson(right, len(stands))
        points.append(
            CurvePoint(str(threat), float(threat.radius), accuracies, right / len(stands), interval, found.flags)
        )
    return tuple(points)
