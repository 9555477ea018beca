"""Adaptive direction initialisation of A3: random directions of the logits, leaning where earlier ones succeeded."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

TARGET_WEIGHT = 0.8
CLOSING_TARGETS = 4
_RIGHT_UP, _RIGHT_DOWN = (-0.1, 0.5), (-0.5, 0.1)
_CLOSING, _NOUGHT = (-0.8, 0.1), (0.0, 0.0)


@dataclass(frozen=True)
class Lean:
    """What is not left to chance in a direction.

    Attributes:
        right: bounds between which the weight of the right class is drawn.
        target: weight of the target class.
        targets: how many of the likeliest wrong classes are the target in turn.
    """

    right: tuple[float, float]
    target: float
    targets: int


@dataclass
class Votes:
    """Sums over the images that free directions broke.

    Attributes:
        right: weights that their right classes had.
        target: weights that the classes had that the model took them for.
    """

    right: float = 0.0
    target: float = 0.0

    def count(self, weights: Tensor, labels: Tensor, mistaken: Tensor) -> None:
        """Adds images: the weights (n, classes) of their directions, their labels (n,) and wrong classes (n,)."""
        self.right += float(weights.gather(1, labels[:, None]).sum())
        self.target += float(weights.gather(1, mistaken[:, None]).sum())

    def lean(self, targets: int) -> Lean:
        """The two signs that won; nobody's vote is for the first class down and the second up."""
        right = _RIGHT_UP if self.right > 0 else _RIGHT_DOWN
        return Lean(right, TARGET_WEIGHT if self.target >= 0 else -TARGET_WEIGHT, targets)


def choose_lean(name: str, votes: Votes, classes: int) -> Lean | None:
    """The lean of a name, ``free``, ``voted``, ``closing``, ``easy`` or ``easy-closing``.

    The authors set the number of targets for 10, 100 and 1000 classes, and take no vote from 100 classes on; here it
    is theirs from that many classes on, but never more than there are wrong classes.
    """
    many = classes >= 100
    cycle = 20 if classes >= 1000 else 14 if many else 9
    leans = {
        "voted": Lean(_RIGHT_DOWN, TARGET_WEIGHT, cycle) if many else votes.lean(cycle),
        "closing": Lean(_CLOSING, TARGET_WEIGHT, cycle if many else CLOSING_TARGETS),
        "easy": Lean(_RIGHT_UP, TARGET_WEIGHT, cycle),
        "easy-closing": Lean(_NOUGHT, TARGET_WEIGHT, cycle),
    }
    return leans.get(name)


def draw_weights(labels: Tensor, ranking: Tensor, seeds: Sequence[int], lean: Lean | None, turn: int) -> Tensor:
    """A direction of the logits for each image: (n, classes), from its own seed.

    Every weight is uniform in (-1, 1). A lean replaces those of the right class and of the target, and scales the two
    with the number of classes, 1 for ten. Departure: below ten classes the scale stays 1; the authors' formula, made
    for 10, 100 and 1000 classes, would drown the two among the others.

    Args:
        labels: (n,).
        ranking: wrong classes of each image, the likeliest first: (n, classes - 1).
        seeds: one for each image.
        lean: None leaves all to chance.
        turn: which target, counted from 0; beyond the last it begins again.
    """
    classes = ranking.shape[1] + 1
    draws = [torch.rand(classes + 1, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    uniform = torch.stack(draws).to(labels.device)
    weights = 2 * uniform[:, :-1] - 1
    if lean is None:
        return weights
    scale, (lowest, highest) = max(classes / 10, 1.0), lean.right
    target = ranking[:, turn % min(lean.targets, classes - 1)]
    weights.scatter_(1, labels[:, None], scale * (lowest + (highest - lowest) * uniform[:, -1:]))
    return weights.scatter_(1, target[:, None], scale * lean.target)
