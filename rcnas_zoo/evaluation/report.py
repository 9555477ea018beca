"""What an evaluation found."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.evaluation.sampling import Estimate
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.spec.threat import ThreatModel

FAILED = "attack-failed: "
"""How a flag begins that tells of an attack that raised."""


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """Accuracies of a model under attack, all computed from the verdicts.

    Attributes:
        clean_accuracy: share of images classified rightly, in [0, 1].
        attacks: attack name to accuracy under it, in [0, 1], in the order they were asked for; none of one that failed.
        verdicts: attack name, and always ``clean``, to bool (N,): is the image still classified rightly. An attack that
            failed or did not see every image is not here.
        robust_accuracy: worst case over all verdicts, image by image.
        interval: 95 % Wilson interval of the robust accuracy; of an estimate see `rcnas_zoo.evaluation.anytime`.
        samples: number of images N.
        seed: seed of every attack's random choices.
        threat: the threat model.
        settings: attack name to its full settings.
        flags: reasons to doubt the numbers.
        seconds: what the attacks took when they ran.
        predictions: as ``verdicts``, but the class (N,) that the model sees in each attacked image; of an attack that
            failed, in what it had broken before.
        labels: (N,) the right classes.
        classes: how many there are.
        estimate: of the dearest attack, where it saw a sample alone; then the robust accuracy, its interval and this
            attack's accuracy are estimates for all images, and it has no verdicts.
    """

    clean_accuracy: float
    attacks: dict[str, float]
    verdicts: dict[str, Tensor]
    robust_accuracy: float
    interval: tuple[float, float]
    samples: int
    seed: int
    threat: ThreatModel
    settings: dict[str, dict[str, Any]]
    flags: tuple[str, ...]
    seconds: float
    predictions: dict[str, Tensor]
    labels: Tensor
    classes: int
    estimate: Estimate | None = None

    def complete(self) -> "EvaluationReport":
        """The report itself.

        Raises:
            Unavailable: an attack failed, so that the robust accuracy is higher than it should be.
        """
        for flag in self.flags:
            if flag.startswith(FAILED):
                raise Unavailable(f"every attack must see all its images, but {flag.removeprefix(FAILED)}")
        return self

    @property
    def worst_predictions(self) -> Tensor:
        """(N,), what the model sees in what breaks an image, of the cheapest attack that does; else the label."""
        return worst_predictions(self.predictions, self.labels)

    def to_measurement(self, dataset: str, split: str, data_digest: str) -> Measurement:
        """The measurement of a zoo record.

        Args:
            dataset: the data set.
            split: ``test`` or ``eval``.
            data_digest: content digest of the images and labels attacked.
        """
        return Measurement(
            dataset=dataset,
            split=split,
            data_digest=data_digest,
            threat=str(self.threat),
            samples=self.samples,
            seed=self.seed,
            clean_accuracy=self.clean_accuracy,
            attacks=dict(self.attacks),
            settings=dict(self.settings),
            robust_accuracy=self.robust_accuracy,
            interval=self.interval,
            flags=self.flags,
        )


def worst_predictions(predictions: Mapping[str, Tensor], labels: Tensor) -> Tensor:
    """Of the classes (N,) that a model sees under several attacks, each image's first wrong one, else its label."""
    worst = labels
    for found in predictions.values():
        worst = torch.where(worst == labels, found, worst)
    return worst


def accuracy(verdict: Tensor) -> float:
    """The share of images that are right, of a verdict: bool (N,)."""
    return int(verdict.sum()) / len(verdict)


def worst_case(verdicts: Mapping[str, Tensor]) -> Tensor:
    """Which images are right in every verdict: bool (N,)."""
    return reduce(torch.logical_and, verdicts.values())
