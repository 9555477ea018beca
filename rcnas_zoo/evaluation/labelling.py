"""Labels that do not mean what the model means: shifted, renamed, shuffled, or of another data set."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST_IMAGES = 50
"""Of fewer, a weak but fair network is not told from one that guesses."""
_DEVIATIONS = 2.0
_LEAST_OF_A_CLASS = 5


def label_flags(logits: Tensor, labels: Tensor) -> Iterator[str]:
    """Flags of the labels (N,) beside the logits (N, classes) of clean images; at most one."""
    count, classes = logits.shape
    answers = logits.argmax(1)
    renamed = _renamed(answers, labels, classes)
    if renamed:
        told = ", ".join(f"{label} as {answer}" for label, answer in list(renamed.items())[:3])
        more = ", ..." if len(renamed) > 3 else ""
        yield f"labels-renamed: {len(renamed)} classes are answered as one another: {told}{more}"
        return
    right = int((answers == labels).sum())
    guessed = count / classes + _DEVIATIONS * (count * (classes - 1)) ** 0.5 / classes
    if count >= _LEAST_IMAGES and right <= guessed:
        yield (
            f"accuracy-of-chance: {right} of {count} clean images are right, guessing among {classes} classes gives "
            f"{count / classes:.0f}; the labels, their order or the scale of the images may be wrong"
        )


def _renamed(answers: Tensor, labels: Tensor, classes: int) -> dict[int, int]:
    """Labels that most of their images are not answered by, to the answer, where these exchange their places.

    A weak network takes several classes for one; only a wrong naming takes each for another.
    """
    table = F.one_hot(labels, classes).float().T @ F.one_hot(answers, classes).float()
    sizes, (most, usual) = table.sum(1), table.max(1)
    clear = (sizes >= _LEAST_OF_A_CLASS) & (most > sizes / 2) & (usual != torch.arange(classes, device=usual.device))
    moved = {int(label): int(usual[label]) for label in clear.nonzero()[:, 0]}
    return moved if set(moved) == set(moved.values()) else {}
