"""Where a model fails: accuracies class by class, and which class it sees instead."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.evaluation.report import EvaluationReport


@dataclass(frozen=True)
class ClassResult:
    """One class.

    Attributes:
        label: its number.
        samples: images of it.
        clean_accuracy, robust_accuracy: shares of them, in [0, 1]; None if there is no image.
    """

    label: int
    samples: int
    clean_accuracy: float | None
    robust_accuracy: float | None


def class_results(report: EvaluationReport) -> list[ClassResult]:
    """The accuracies of every class; the robust one is the worst case over the attacks that saw every image."""
    clean, robust = (matrix.diagonal() for matrix in (clean_confusion(report), robust_confusion(report)))
    counts = torch.bincount(report.labels, minlength=report.classes)
    rows = zip(counts.tolist(), clean.tolist(), robust.tolist(), strict=True)
    return [
        ClassResult(label, count, right / count if count else None, standing / count if count else None)
        for label, (count, right, standing) in enumerate(rows)
    ]


def clean_confusion(report: EvaluationReport) -> Tensor:
    """How many images of each class (rows) the model takes for which (columns): int64 (classes, classes)."""
    return _confusion(report.labels, report.predictions["clean"], report.classes)


def robust_confusion(report: EvaluationReport) -> Tensor:
    """As `clean_confusion`, of what broke each image first; an image that stands counts as seen rightly."""
    return _confusion(report.labels, report.worst_predictions, report.classes)


def _confusion(labels: Tensor, predictions: Tensor, classes: int) -> Tensor:
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(classes, classes)
