"""FAB-T: the fast adaptive boundary attack with targets (Croce and Hein 2020)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.hunt import Hunt, rows
from rcnas_zoo.attacks.hyperplane import step_to_hyperplane

LARGEST_BIAS = 0.1
OVERSHOOT = 1.05
BACKWARD = 0.9
_SHORT = 1e-8


class FastAdaptiveBoundary(Attack):
    """Walks along the boundary to a class, ever nearer to the image (Croce and Hein 2020, Algorithm 1, targeted).

    Each step linearises the difference of two logits, goes a little beyond its zero, and is drawn towards the image's
    own nearest point on that plane. What the model misclassifies is pulled back towards the image. It looks for the
    nearest misclassified point; here a point inside the ball is all that is asked for, and its image leaves at once.
    """

    def __init__(
        self,
        name: str,
        ball: Ball,
        steps: int,
        targets: int,
        overshoot: float = OVERSHOOT,
        backward: float = BACKWARD,
    ) -> None:
        super().__init__(
            name,
            ball,
            steps=steps,
            targets=targets,
            restarts=1,
            alpha_max=LARGEST_BIAS,
            eta=overshoot,
            beta=backward,
        )
        self.effort = 3 * steps * targets
        self._steps = steps
        self._targets = targets
        self._overshoot = overshoot
        self._backward = backward

    def to_the_end(self) -> Attack:
        """See `Attack.to_the_end`. The last misclassified point on the way to the likeliest class, in the ball."""
        other = super().to_the_end()
        assert isinstance(other, FastAdaptiveBoundary)
        other._targets = 1
        other.settings = {**other.settings, "targets": 1}
        return other

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        ranking = hunt.wrong_classes()
        for number in range(self._targets):
            walk = _Walk(hunt, ranking[:, number], hunt.centres, self._overshoot, self._backward)
            walk.crossed = None if self.stops_early else hunt.centres
            for _ in range(self._steps):
                if not len(hunt):
                    return
                walk.step()
            if walk.crossed is not None:
                hunt.settle(walk.crossed)


@dataclass
class _Walk:
    """Where the walk to one target class stands: a point (n, C, H, W) for each image that stands.

    ``crossed``, the last misclassified point of each, is kept only where nobody leaves.
    """

    hunt: Hunt
    targets: Tensor
    points: Tensor
    overshoot: float
    backward: float
    crossed: Tensor | None = None

    def step(self) -> None:
        """One step, and the leave of those that broke."""
        hunt = self.hunt
        wanted = self.targets[hunt.numbers]
        slope = hunt.gradient(self.points, lambda logits, labels: _difference(logits, wanted, labels))
        self._cross(slope.losses, slope.gradient)
        wrong = hunt.wrong(hunt.victim.guess(self.points))
        near = hunt.ball.distance(self.points, hunt.centres) <= hunt.ball.radius
        if self.crossed is not None:
            self.crossed = torch.where(wrong.view(-1, 1, 1, 1), self.points, self.crossed)
        stands = hunt.strike(self.points, wrong & near)
        self.points, wrong = rows(stands, self.points, wrong)
        # A factor for each image, for choices between whole tensors take torch longer.
        kept = torch.where(wrong, self.backward, 1.0).view(-1, 1, 1, 1)
        self.points = hunt.centres + kept * (self.points - hunt.centres)

    def _cross(self, differences: Tensor, gradient: Tensor) -> None:
        """From the point and from the image to the plane where the linearised difference is zero, and a bit beyond."""
        ball, centres = self.hunt.ball, self.hunt.centres
        normals, flat, home = gradient.flatten(1), self.points.flatten(1), centres.flatten(1)
        at_home = differences + (normals * (home - flat)).sum(1)
        places, gaps = torch.cat([flat, home]), -torch.cat([differences, at_home])
        steps = step_to_hyperplane(places, normals.repeat(2, 1), gaps, ball.low, ball.high, ball.threat.norm)
        onward, fresh = (step.view_as(centres) for step in steps.chunk(2))
        lengths = [ball.distance(centres + step, centres).clamp_min(_SHORT) for step in (onward, fresh)]
        bias = (lengths[0] / (lengths[0] + lengths[1])).clamp_max(LARGEST_BIAS).view(-1, 1, 1, 1)
        moved = (1 - bias) * (self.points + self.overshoot * onward) + bias * (centres + self.overshoot * fresh)
        self.points = moved.clamp(ball.low, ball.high)


def _difference(logits: Tensor, targets: Tensor, labels: Tensor) -> Tensor:
    """How far the target's logit is above the right one: (n,)."""
    pair = logits.gather(1, torch.stack([targets, labels], 1))
    return pair[:, 0] - pair[:, 1]
