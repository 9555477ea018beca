"""Projected gradient attacks: FGSM, PGD and their margin-loss kin."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack, streams
from rcnas_zoo.attacks.hunt import Hunt, rows
from rcnas_zoo.attacks.losses import LOSSES


@dataclass(frozen=True)
class Ascent:
    """How a gradient attack climbs.

    Attributes:
        loss: a name of `LOSSES`; it is maximised.
        steps: gradient steps.
        step_share: length of a step as a share of the radius.
        start: ``image``, ``uniform`` in the ball and clipped to the value range, or ``unclipped``.
        restarts: how often it climbs, each time from another start.
        judged: ``every`` iterate, or the ``last`` of each climb alone.
    """

    loss: str
    steps: int
    step_share: Fraction
    start: str
    restarts: int = 1
    judged: str = "every"


_RESULTS = {"every": "first misclassified iterate, else the last", "last": "last iterate"}


class GradientAttack(Attack):
    """Steepest ascent of a loss, projected after each step (Madry et al. 2018; one step from the image is FGSM).

    The first iterate that the model misclassifies is the result, the start included, and that image leaves the batch
    at once; an image that never breaks gives its last iterate. The margin loss makes of it what this field calls CW:
    the loss of Carlini and Wagner (2017), inside a fixed ball. Departure: their truncation at zero is left out, for a
    broken image is not attacked any more. Where only the last iterate is judged, nobody leaves before.
    """

    def __init__(self, name: str, ball: Ball, ascent: Ascent) -> None:
        super().__init__(
            name,
            ball,
            loss=ascent.loss,
            steps=ascent.steps,
            step_size=str(ball.threat.radius * ascent.step_share),
            start=ascent.start,
            restarts=ascent.restarts,
            result=_RESULTS[ascent.judged],
        )
        self.effort = 2 * ascent.steps * ascent.restarts
        self._ascent = ascent
        self._step_size = ball.radius * float(ascent.step_share)

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        for number in range(self._ascent.restarts):
            if len(hunt):
                self._climb(hunt, streams(hunt.standing(seeds), number))

    def _climb(self, hunt: Hunt, seeds: list[int]) -> None:
        ascent, loss = self._ascent, LOSSES[self._ascent.loss]
        points = self._start(hunt.centres, seeds)
        for _ in range(ascent.steps):
            slope = hunt.gradient(points, loss)
            gradient = slope.gradient
            if ascent.judged == "every":
                stands = hunt.strike(points, hunt.wrong(slope.logits))
                if not len(hunt):
                    return
                points, gradient = rows(stands, points, gradient)
            points = self.ball.project(points + self.ball.direction(gradient) * self._step_size, hunt.centres)
        if ascent.restarts > 1:
            points = points[hunt.strike(points)]
        hunt.settle(points)

    def _start(self, centres: Tensor, seeds: list[int]) -> Tensor:
        if self._ascent.start == "image":
            return centres
        return self.ball.random_start(centres, seeds, clipped=self._ascent.start == "uniform")
