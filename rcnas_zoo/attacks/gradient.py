"""Projected gradient attacks: FGSM, PGD and their margin-loss kin."""

from dataclasses import dataclass
from fractions import Fraction

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.losses import LOSSES


@dataclass(frozen=True)
class Ascent:
    """How a gradient attack climbs.

    Attributes:
        loss: ``cross-entropy`` or ``margin``; both are maximised.
        steps: gradient steps.
        step_share: length of a step as a share of the radius.
        start: ``image``, or ``uniform`` in the ball, clipped to the value range.
    """

    loss: str
    steps: int
    step_share: Fraction
    start: str


class GradientAttack(Attack):
    """Steepest ascent of a loss, projected after each step (Madry et al. 2018; one step from the image is FGSM).

    The first iterate that the model misclassifies is the result, the start included, and that image leaves the batch
    at once; an image that never breaks gives its last iterate. The margin loss makes of it what this field calls CW:
    the loss of Carlini and Wagner (2017), inside a fixed ball. Departure: their truncation at zero is left out, for a
    broken image is not attacked any more.
    """

    def __init__(self, name: str, ball: Ball, ascent: Ascent) -> None:
        super().__init__(
            name,
            ball,
            loss=ascent.loss,
            steps=ascent.steps,
            step_size=str(ball.threat.radius * ascent.step_share),
            start=ascent.start,
            restarts=1,
            result="first misclassified iterate, else the last",
        )
        self._ascent = ascent
        self._step_size = ball.radius * float(ascent.step_share)

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        loss, start = LOSSES[self._ascent.loss], hunt.centres
        points = self.ball.random_start(start, seeds) if self._ascent.start == "uniform" else start
        for _ in range(self._ascent.steps):
            slope = hunt.gradient(points, loss)
            stands = hunt.strike(points, hunt.wrong(slope.logits))
            if not len(hunt):
                return
            step = self.ball.direction(slope.gradient[stands]) * self._step_size
            points = self.ball.project(points[stands] + step, hunt.centres)
        hunt.settle(points)
