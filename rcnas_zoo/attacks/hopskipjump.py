"""HopSkipJump: an attack that is told the predicted class and nothing else (Chen, Jordan and Wainwright 2020)."""

from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.boundary import HALVINGS, MOST_BISECTIONS, Boundary, along_line
from rcnas_zoo.attacks.hunt import Hunt

FIRST_REACH = 0.1
BLENDINGS = 10


@dataclass(frozen=True)
class Effort:
    """How hard the attack tries.

    Attributes:
        iterations: steps along the edge of the class.
        initial_evaluations: probes of the first estimate of the normal; that of iteration t takes sqrt(t) times more.
        most_evaluations: probes of an estimate at most.
        gamma: how coarse a search for the edge may be, and how far probes are from it.
        starts: noise images that are asked about at most before an image is left as it is.
    """

    iterations: int = 50
    initial_evaluations: int = 100
    most_evaluations: int = 10_000
    gamma: float = 1.0
    starts: int = 100

    def evaluations(self, iteration: int) -> int:
        """Probes of an iteration; they count from 1."""
        return min(isqrt(self.initial_evaluations**2 * iteration), self.most_evaluations)

    @property
    def queries(self) -> int:
        """Images that the model is asked about for one image, at most."""
        beginning = self.starts + BLENDINGS + MOST_BISECTIONS + 1
        probes = sum(self.evaluations(iteration) for iteration in range(1, self.iterations + 1))
        return beginning + probes + self.iterations * (HALVINGS + MOST_BISECTIONS + 1)


STANDARD = Effort()


class HopSkipJump(Attack):
    """Looks for the nearest misclassified point, along the edge of the class (Chen et al. 2020, Algorithm 2).

    It starts at misclassified noise. Each iteration estimates the normal of the edge from the classes of random points
    around, steps along it (along its signs in Linf), and comes back to the edge by bisection towards the image. An
    image is broken, and leaves, as soon as the model misclassifies its point, pulled into the ball.

    An image whose noise is never misclassified stands without having been attacked, so a network that takes all noise
    for one class keeps that class: read the figure beside another attack's. Departures: a step is halved at most 20
    times, a bisection has at least 10 and at most 24 steps, and the nearest point is kept, not the last.
    """

    def __init__(self, name: str, ball: Ball, effort: Effort = STANDARD) -> None:
        super().__init__(
            name,
            ball,
            iterations=effort.iterations,
            initial_evaluations=effort.initial_evaluations,
            most_evaluations=effort.most_evaluations,
            gamma=effort.gamma,
            starts=effort.starts,
            queries=effort.queries,
            result="first misclassified point in the ball, else the nearest",
        )
        self.effort = effort.queries
        self._effort = effort

    def to_the_end(self) -> Attack:
        """See `Attack.to_the_end`. The result is the nearest misclassified point, pulled into the ball."""
        other = super().to_the_end()
        other.settings["result"] = "nearest misclassified point"
        return other

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        streams = [torch.Generator().manual_seed(seed) for seed in seeds]
        noise, found = Boundary.of(hunt).noise(self._effort.starts, hunt.standing(streams))
        hunt.keep(found)
        if not len(hunt):
            return
        walk = _Walk(hunt, self._effort, streams, noise[found])
        for iteration in range(1, self._effort.iterations + 1):
            walk.judge()
            if not len(hunt):
                return
            walk.step(iteration)
        walk.judge()
        hunt.settle(walk.nearest)


class _Walk:
    """A walk along the edge for each image that stands.

    Attributes:
        points: (n, C, H, W), misclassified, at the edge.
        nearest: (n, C, H, W), the nearest of them so far.
        strides: (n,), how far the last point was from its image before it came back to the edge.
    """

    points: Tensor
    nearest: Tensor
    strides: Tensor

    def __init__(self, hunt: Hunt, effort: Effort, streams: list[torch.Generator], noise: Tensor) -> None:
        self._hunt = hunt
        self._effort = effort
        self._streams = streams
        pixels = hunt.centres[0].numel()
        self._reach = effort.gamma / pixels
        boundary = Boundary.of(hunt)
        self._bisections = boundary.geometry.bisections(pixels, effort.gamma)
        self._land(boundary, boundary.bisect(noise, along_line, BLENDINGS))
        self.nearest = self.points

    def judge(self) -> None:
        """The leave of those that broke."""
        stands = self._hunt.strike(self.points)
        self.points, self.nearest, self.strides = self.points[stands], self.nearest[stands], self.strides[stands]

    def step(self, iteration: int) -> None:
        """One step along the edge; iterations count from 1."""
        ball, centres, boundary = self._hunt.ball, self._hunt.centres, Boundary.of(self._hunt)
        # Before the first step nothing tells the scale, so the paper takes a tenth of the value range.
        first = torch.full_like(self.strides, FIRST_REACH * (ball.high - ball.low))
        reach = first if iteration == 1 else self.strides * self._reach
        probes = self._effort.evaluations(iteration)
        normals = boundary.normal(self.points, reach, probes, self._hunt.standing(self._streams))
        lengths = ball.distance(self.points, centres) / iteration**0.5
        self._land(boundary, boundary.leap(self.points, ball.direction(normals), lengths))
        nearer = ball.distance(self.points, centres) < ball.distance(self.nearest, centres)
        self.nearest = torch.where(nearer.view(-1, 1, 1, 1), self.points, self.nearest)

    def _land(self, boundary: Boundary, points: Tensor) -> None:
        """Back to the edge from misclassified points (n, C, H, W)."""
        self.strides = self._hunt.ball.distance(points, boundary.centres)
        self.points = boundary.bisect(points, boundary.geometry.toward, self._bisections)
