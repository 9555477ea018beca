"""Auto-PGD: an ascent in a region that chooses its own step sizes (Croce and Hein 2020, Algorithm 1)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

import torch
from torch import Tensor

from rcnas_zoo.attacks.region import Region

MOMENTUM_SHARE = 0.75
IMPROVING_SHARE = 0.75

Look: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor, Tensor | None]]
"""Points (N, C, H, W) -> the loss of each, the gradient of their sum, and which images go on: bool (N,), None for all.

Losses (n,) and gradients (n, C, H, W) are those of the images that go on."""


def apgd(
    look: Look,
    start: Tensor,
    region: Region,
    steps: int,
    step_size: float,
    improving_share: float = IMPROVING_SHARE,
) -> Tensor:
    """The points of highest loss that steps with momentum come by, from the start on.

    At the end of each of the `intervals`, an image whose loss rose in at most 75 % of the steps, or whose step size and
    best loss are both what they were one interval ago, halves its step and goes back to its best place. Every image
    climbs for itself. Where nobody leaves, nothing waits for the device.

    Departures from the paper, both as in its authors' code: "at most 75 %" is "fewer than" there, and the first step
    after a return is compared with the last loss before it, not with the best one. Departure from that code: it
    compares the very first step with zero, we with the loss of the start.

    Args:
        look: is called once for the start and once after each step.
        start: (N, C, H, W); it is moved into the region.
        region: where the points may be.
        steps: number of steps, at least 1.
        step_size: of the first interval, in the units of the images; twice the radius in AutoAttack.
        improving_share: rho of the paper, the 75 % above.

    Returns:
        (n, C, H, W) inside the region, without a graph, of the images that went on to the end. A loss that is not a
        number is never the highest.
    """
    climb = _Climb.begin(look, region.confine(start), region, step_size)
    for interval in intervals(steps):
        climb.walk(look, interval, improving_share)
        if not len(climb.losses):
            break
    return climb.best


def intervals(steps: int) -> Iterator[int]:
    """Lengths of the intervals between two judgements: 22 % of the steps, then ever 3 % less, down to 6 %.

    Each is rounded down, but none is shorter than one step; the last is cut off where the steps end.
    """
    length, shrinking, shortest = (max(percent * steps // 100, 1) for percent in (22, 3, 6))
    while steps > 0:
        yield min(length, steps)
        steps -= length
        length = max(length - shrinking, shortest)


@dataclass
class _Climb:
    """Where the ascent of every image stands; every field has a row for each. No tensor is changed in place."""

    region: Region
    place: Tensor
    previous: Tensor
    losses: Tensor
    gradient: Tensor
    best: Tensor
    best_losses: Tensor
    best_gradient: Tensor
    step_sizes: Tensor
    new_share: Tensor
    halved: Tensor
    rises: Tensor
    losses_before: Tensor

    @classmethod
    def begin(cls, look: Look, start: Tensor, region: Region, step_size: float) -> "_Climb":
        losses, gradient, stays = look(start)
        if stays is not None:
            start, region = start[stays], region[stays]
        rows = start.new_ones((len(start), 1, 1, 1))
        return cls(
            region=region,
            place=start,
            previous=start,
            losses=losses,
            gradient=gradient,
            best=start,
            best_losses=losses,
            best_gradient=gradient,
            step_sizes=rows * step_size,
            # There is no direction to keep before the first step.
            new_share=rows,
            # The first judgement knows no earlier one that could have left the step size as it was.
            halved=torch.ones_like(losses, dtype=torch.bool),
            rises=torch.zeros_like(losses),
            losses_before=losses,
        )

    def walk(self, look: Look, steps: int, improving_share: float) -> None:
        """So many steps, then the judgement over them."""
        self.losses_before = self.best_losses
        self.rises = torch.zeros_like(self.losses)
        for _ in range(steps):
            self._step(look)
            if not len(self.losses):
                return
        stuck = ~self.halved & (self.best_losses == self.losses_before)
        self.halved = (self.rises <= improving_share * steps) | stuck
        self._return_the_halved()

    def _step(self, look: Look) -> None:
        straight = self.region.confine(self.place + self.step_sizes * self.region.direction(self.gradient))
        ahead, onward = straight - self.place, self.place - self.previous
        moved = self.place + self.new_share * ahead + (1 - self.new_share) * onward
        self.previous, self.place = self.place, self.region.confine(moved)
        self.new_share = torch.full_like(self.new_share, MOMENTUM_SHARE)
        losses, gradient, stays = look(self.place)
        if stays is not None and not stays.all():
            self._keep(stays)
        self.rises = self.rises + (losses > self.losses)
        self.losses, self.gradient = losses, gradient
        self._keep_the_best()

    def _keep(self, stays: Tensor) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name)[stays])

    def _keep_the_best(self) -> None:
        better = (self.losses > self.best_losses) | self.best_losses.isnan()
        self.best_losses = torch.where(better, self.losses, self.best_losses)
        better = better.view(-1, 1, 1, 1)
        self.best = torch.where(better, self.place, self.best)
        self.best_gradient = torch.where(better, self.gradient, self.best_gradient)

    def _return_the_halved(self) -> None:
        halved = self.halved.view(-1, 1, 1, 1)
        self.step_sizes = torch.where(halved, self.step_sizes / 2, self.step_sizes)
        self.place = torch.where(halved, self.best, self.place)
        self.gradient = torch.where(halved, self.best_gradient, self.gradient)
