"""The images under attack: which still stand, and what the others fell to."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import TypeVar

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.victim import Slope, Victim

_Value = TypeVar("_Value")


def rows(chosen: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    """The chosen rows, bool (n,), of tensors (n, ...): the tensors themselves if all are chosen, which is quicker."""
    return values if chosen.all() else tuple(value[chosen] for value in values)


class Hunt:
    """Images that an attack tries to break; one that breaks leaves at once.

    What an attack works on is always the images that stand, in their order: `centres`, `labels` and `numbers` shrink
    with them.

    Attributes:
        victim: the model.
        ball: where the attack may move.
        found: (N, C, H, W), what each image of the start has become: the point that broke it, else itself or what it
            was `settle`d at.
        centres: (n, C, H, W), the images that stand.
        labels: (n,), their labels.
        numbers: (n,), their places in ``found``.
    """

    def __init__(self, victim: Victim, ball: Ball, images: Tensor, labels: Tensor, to_the_end: bool = False) -> None:
        self.victim = victim
        self.ball = ball
        self.found = images.clone()
        self.centres = images
        self.labels = labels
        self.numbers = torch.arange(len(images), device=images.device)
        self._to_the_end = to_the_end

    def __len__(self) -> int:
        """How many images stand."""
        return len(self.labels)

    def gradient(self, points: Tensor, loss: Callable[[Tensor, Tensor], Tensor], passes: int = 1) -> Slope:
        """Loss and gradient at a point (n, C, H, W) for each image that stands; the loss takes logits and labels."""
        return self.victim.gradient(points, lambda logits: loss(logits, self.labels), passes)

    def standing(self, values: Sequence[_Value]) -> list[_Value]:
        """Of N values, one for each image of the start, those of the images that stand."""
        return [values[place] for place in self.numbers.tolist()]

    def wrong(self, logits: Tensor) -> Tensor:
        """Which images that stand these logits (n, classes) take for another class: bool (n,)."""
        return logits.argmax(1) != self.labels

    def wrong_classes(self, logits: Tensor | None = None) -> Tensor:
        """The classes that are wrong for each image, the likeliest first: (N, classes - 1).

        The rows of images that do not stand are zero.

        Args:
            logits: (n, classes) that tell how likely; None for those of the clean images.
        """
        logits = self.victim.logits(self.centres) if logits is None else logits
        ranking = logits.argsort(1, descending=True)
        others = ranking[ranking != self.labels[:, None]].view(len(self), -1)
        ranked = others.new_zeros((len(self.found), others.shape[1]))
        ranked[self.numbers] = others
        return ranked

    def strike(self, points: Tensor, suspects: Tensor | None = None) -> Tensor:
        """Which images withstand these points: bool (n,); those that do not leave.

        The points are moved into the ball, and the model itself must misclassify them.

        Args:
            points: (n, C, H, W), one for each image that stands.
            suspects: bool (n,), those that the engine misclassifies; None if it was not asked.
        """
        stands = torch.ones_like(self.labels, dtype=torch.bool)
        if self._to_the_end or (suspects is not None and not suspects.any()):
            return stands
        # Where the model is its own engine, it need not be asked again.
        sure = suspects is not None and self.victim.engine is None
        suspects = stands if suspects is None else suspects
        inside = self.ball.project(points[suspects], self.centres[suspects])
        broken = stands[suspects] if sure else ~self.victim.is_right(inside, self.labels[suspects])
        stands = stands.masked_scatter(suspects, ~broken)
        self.found[self.numbers[~stands]] = inside[broken]
        if broken.any():
            self.keep(stands)
        return stands

    def keep(self, chosen: Tensor) -> None:
        """Only these images, bool (n,), are attacked further; the others stay what they have become."""
        self.centres, self.labels, self.numbers = self.centres[chosen], self.labels[chosen], self.numbers[chosen]

    @contextmanager
    def only(self, chosen: Tensor) -> Iterator["Hunt"]:
        """A hunt for some of the images that stand; whom it breaks leaves this one too, when the context ends.

        It has the same ``found``, so places in it and seeds are the same in both. Nothing else may use this hunt
        meanwhile.

        Args:
            chosen: bool (n,).
        """
        part = copy(self)
        part.keep(chosen)
        yield part
        self.keep(~chosen | torch.isin(self.numbers, part.numbers))

    def settle(self, points: Tensor) -> None:
        """These points (n, C, H, W) are what becomes of the images that stand."""
        self.found[self.numbers] = self.ball.project(points, self.centres)

    def judge(self) -> None:
        """Those leave that are broken where they were `settle`d, for an attack need not look at its last points."""
        if len(self):
            self.strike(self.found[self.numbers])
