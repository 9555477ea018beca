"""Auto-PGD: an ascent in a box that chooses its own step sizes (Croce and Hein 2020, Algorithm 1)."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

MOMENTUM_SHARE = 0.75
IMPROVING_SHARE = 0.75


def apgd(
    loss_and_gradient: Callable[[Tensor], tuple[Tensor, Tensor]],
    start: Tensor,
    lower: Tensor,
    upper: Tensor,
    steps: int,
    step_size: float,
) -> Tensor:
    """The images of highest loss that sign steps with momentum come by, from the start on.

    At the end of each of the `intervals`, an image whose loss rose in at most 75 % of the steps, or whose step size and
    best loss are both what they were one interval ago, halves its step and goes back to its best place. Every image
    climbs for itself, but none ends early, so nothing waits for the device.

    Departures from the paper, both as in its authors' code: "at most 75 %" is "fewer than" there, and the first step
    after a return is compared with the last loss before it, not with the best one. Departure from that code: it
    compares the very first step with zero, we with the loss of the start.

    Args:
        loss_and_gradient: images (N, C, H, W) -> the loss of each (N,), and the gradient (N, C, H, W) of their sum.
            It is called once for the start and once after each step.
        start: (N, C, H, W); it is clipped to the bounds.
        lower: (N, C, H, W), the least that each pixel may be: the Linf ball, cut by the value range.
        upper: (N, C, H, W), the most.
        steps: number of steps, at least 1.
        step_size: of the first interval, in the units of the images; twice the radius in AutoAttack.

    Returns:
        (N, C, H, W) inside the bounds, without a graph. A loss that is not a number is never the highest.
    """
    climb = _Climb(loss_and_gradient, start.clamp(lower, upper), (lower, upper), step_size)
    for interval in intervals(steps):
        climb.walk(interval)
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


class _Climb:
    """Where the ascent of every image stands. No tensor is changed in place, so they may share memory.

    Attributes:
        best: the place (N, C, H, W) of the highest loss so far.
    """

    def __init__(
        self,
        loss_and_gradient: Callable[[Tensor], tuple[Tensor, Tensor]],
        start: Tensor,
        bounds: tuple[Tensor, Tensor],
        step_size: float,
    ) -> None:
        self._loss_and_gradient = loss_and_gradient
        self._bounds = bounds
        self._place = self._previous = self.best = start
        losses, self._gradient = loss_and_gradient(start)
        self._losses = self._best_losses = losses.detach()
        self._best_gradient = self._gradient
        self._step_sizes = start.new_full((len(start), 1, 1, 1), step_size)
        # The first judgement knows no earlier one that could have left the step size as it was.
        self._halved = torch.ones_like(self._losses, dtype=torch.bool)
        # There is no direction to keep before the first step.
        self._new_share = 1.0

    def walk(self, steps: int) -> None:
        """So many steps, then the judgement over them."""
        best_before = self._best_losses
        rises = torch.zeros_like(self._losses)
        for _ in range(steps):
            rises = rises + self._step()
        stuck = ~self._halved & (self._best_losses == best_before)
        self._halved = (rises <= IMPROVING_SHARE * steps) | stuck
        self._return_the_halved()

    def _step(self) -> Tensor:
        """One step of every image; True (N,) where it raised the loss."""
        straight = (self._place + self._step_sizes * self._gradient.sign()).clamp(*self._bounds)
        ahead, onward = straight - self._place, self._place - self._previous
        moved = self._place + self._new_share * ahead + (1 - self._new_share) * onward
        self._previous, self._place = self._place, moved.clamp(*self._bounds)
        self._new_share = MOMENTUM_SHARE
        before = self._losses
        losses, self._gradient = self._loss_and_gradient(self._place)
        self._losses = losses.detach()
        self._keep_the_best()
        return self._losses > before

    def _keep_the_best(self) -> None:
        better = (self._losses > self._best_losses) | self._best_losses.isnan()
        self._best_losses = torch.where(better, self._losses, self._best_losses)
        better = better.view(-1, 1, 1, 1)
        self.best = torch.where(better, self._place, self.best)
        self._best_gradient = torch.where(better, self._gradient, self._best_gradient)

    def _return_the_halved(self) -> None:
        halved = self._halved.view(-1, 1, 1, 1)
        self._step_sizes = torch.where(halved, self._step_sizes / 2, self._step_sizes)
        self._place = torch.where(halved, self.best, self._place)
        self._gradient = torch.where(halved, self._best_gradient, self._gradient)
