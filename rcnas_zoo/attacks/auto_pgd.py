"""APGD as attacks: APGD-CE, APGD-DLR and the targeted APGD-T (Croce and Hein 2020)."""

from dataclasses import dataclass, replace

from torch import Tensor

from rcnas_zoo.attacks.apgd import IMPROVING_SHARE, MOMENTUM_SHARE, apgd
from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack, streams
from rcnas_zoo.attacks.hunt import Hunt, rows
from rcnas_zoo.attacks.losses import LOSSES, targeted_dlr
from rcnas_zoo.attacks.region import Around

FIRST_STEP_RADII = 2.0


@dataclass(frozen=True)
class Climbing:
    """How often and how long APGD climbs.

    Attributes:
        loss: a name of `LOSSES`, or ``targeted-dlr``.
        steps: of one ascent.
        ascents: restarts, or the number of target classes: the likeliest wrong ones on the clean image, one by one.
        passes: whose gradients are averaged, for a model whose answers are random (expectation over transformations).
        rho: share of rising steps, above which a step size stays as it is.
    """

    loss: str
    steps: int = 100
    ascents: int = 1
    passes: int = 1
    rho: float = IMPROVING_SHARE


class AutoPgd(Attack):
    """Auto-PGD from random points of the ball's surface; the first step is twice the radius.

    The first iterate that the model misclassifies is the result, and that image leaves at once; an image that never
    breaks gives the point of highest loss of the last ascent.
    """

    def __init__(self, name: str, ball: Ball, climbing: Climbing) -> None:
        super().__init__(
            name,
            ball,
            loss=climbing.loss,
            steps=climbing.steps,
            **{"targets" if climbing.loss == "targeted-dlr" else "restarts": climbing.ascents},
            passes=climbing.passes,
            momentum=MOMENTUM_SHARE,
            rho=climbing.rho,
            start="uniform on the surface of the ball",
        )
        self.effort = 2 * (climbing.steps + 1) * climbing.ascents * climbing.passes
        self._climbing = climbing

    def to_the_end(self) -> Attack:
        """See `Attack.to_the_end`. Of several ascents the first alone: it aims at the likeliest class."""
        one = replace(self._climbing, ascents=1)
        other = AutoPgd(self.name, self.ball, one)
        other.stops_early = False
        other.settings = {**other.settings, "result": "last iterate"}
        return other

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        ranking = hunt.wrong_classes() if self._climbing.loss == "targeted-dlr" else None
        for number in range(self._climbing.ascents):
            if not len(hunt):
                return
            start = self.ball.surface_start(hunt.centres, streams(hunt.standing(seeds), number))
            highest = self._climb(hunt, start, None if ranking is None else ranking[:, number])
            hunt.settle(highest)

    def _climb(self, hunt: Hunt, start: Tensor, targets: Tensor | None) -> Tensor:
        """One ascent; ``targets`` (N,) of all images that the attack began with."""

        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            if targets is None:
                return LOSSES[self._climbing.loss](logits, labels)
            return targeted_dlr(logits, labels, targets[hunt.numbers])

        def look(points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            slope = hunt.gradient(points, loss, self._climbing.passes)
            stands = hunt.strike(points, hunt.wrong(slope.logits))
            losses, gradient = rows(stands, slope.losses, slope.gradient)
            return losses, gradient, stands

        region = Around(self.ball, hunt.centres)
        climbing = self._climbing
        return apgd(look, start, region, climbing.steps, FIRST_STEP_RADII * self.ball.radius, climbing.rho)
