"""Searching the edge of a class when the predicted class is all that a model tells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.hunt import Hunt
from rcnas_zoo.attacks.victim import Victim

HALVINGS = 20
"""Times that a step is halved at most: one millionth of it is as good as none."""
FEWEST_BISECTIONS = 10
MOST_BISECTIONS = 24
"""Float32 tells no more parts of a distance apart."""
_PASS = 1000


@dataclass(frozen=True)
class Geometry:
    """What HopSkipJump does in one norm (Chen et al. 2020, section IV).

    Attributes:
        toward: points, centres (n, C, H, W) and shares (n, 1, 1, 1) -> the points, drawn towards their centres to
            these shares of their distances, by the projection of the norm.
        draw: an empty tensor and a generator -> the tensor, filled with the numbers that make a probe's direction.
        exponent: a search for the edge is as exact as the number of pixels to the power of minus this.
    """

    toward: Callable[[Tensor, Tensor, Tensor], Tensor]
    draw: Callable[[Tensor, torch.Generator], Tensor]
    exponent: float

    def bisections(self, pixels: int, gamma: float) -> int:
        """Bisections that leave gamma / pixels^exponent of a distance, at least 10 and at most 24."""
        wanted = ceil(self.exponent * log2(pixels) - log2(gamma))
        return min(max(wanted, FEWEST_BISECTIONS), MOST_BISECTIONS)


def along_line(points: Tensor, centres: Tensor, shares: Tensor) -> Tensor:
    """Every pixel goes the same share of its way."""
    return centres + shares * (points - centres)


def _into_box(points: Tensor, centres: Tensor, shares: Tensor) -> Tensor:
    reach = shares * (points - centres).abs().amax((1, 2, 3), keepdim=True)
    return points.clamp(centres - reach, centres + reach)


GEOMETRIES = {
    "linf": Geometry(_into_box, lambda empty, stream: empty.uniform_(-1, 1, generator=stream), 2.0),
    "l2": Geometry(along_line, lambda empty, stream: empty.normal_(generator=stream), 1.5),
}


@dataclass(frozen=True)
class Boundary:
    """The edge of what a model takes for the labels of n images.

    The plain model is asked, never an engine: neighbouring points differ by less than bfloat16 can tell.

    Attributes:
        victim: the model.
        ball: its norm and the value range count, its radius does not.
        centres: (n, C, H, W), the images.
        labels: (n,).
    """

    victim: Victim
    ball: Ball
    centres: Tensor
    labels: Tensor

    @classmethod
    def of(cls, hunt: Hunt) -> "Boundary":
        """That of the images that a hunt still attacks."""
        return cls(hunt.victim, hunt.ball, hunt.centres, hunt.labels)

    @property
    def geometry(self) -> Geometry:
        """That of the ball's norm."""
        return GEOMETRIES[self.ball.threat.norm]

    def rows(self, chosen: Any) -> "Boundary":
        """The same for some of the images, chosen as one indexes a tensor."""
        return Boundary(self.victim, self.ball, self.centres[chosen], self.labels[chosen])

    def wrong(self, points: Tensor) -> Tensor:
        """Which points (n, ..., C, H, W) the model misclassifies: bool (n, ...); 1,000 are asked about at once."""
        parts = torch.split(points.flatten(0, -4), _PASS)
        classes = torch.cat([self.victim.logits(part).argmax(1) for part in parts]).view(points.shape[:-3])
        return classes != self.labels.view(-1, *[1] * (classes.dim() - 1))

    def noise(self, tries: int, streams: Sequence[torch.Generator]) -> tuple[Tensor, Tensor]:
        """Uniform noise over the value range that is misclassified, looked for this many times for each image.

        Returns:
            The noise (n, C, H, W), the image itself where none was found; and where one was: bool (n,).
        """
        points, found = self.centres.clone(), torch.zeros_like(self.labels, dtype=torch.bool)
        for _ in range(tries):
            waiting = (~found).nonzero().flatten()
            if not len(waiting):
                break
            chosen = [streams[place] for place in waiting.tolist()]
            noise = torch.stack([self._uniform(stream) for stream in chosen]).to(points)
            wrong = self.rows(waiting).wrong(noise)
            points[waiting[wrong]] = noise[wrong]
            found[waiting[wrong]] = True
        return points, found

    def _uniform(self, stream: torch.Generator) -> Tensor:
        return torch.empty(self.centres.shape[1:]).uniform_(self.ball.low, self.ball.high, generator=stream)

    def bisect(self, points: Tensor, toward: Callable[[Tensor, Tensor, Tensor], Tensor], steps: int) -> Tensor:
        """Misclassified points (n, C, H, W), brought towards their images as near as the edge allows.

        What comes back was asked about, unless a point is nowhere misclassified on its way; then it stays.
        """
        low, high = torch.zeros_like(points[:, :1, :1, :1]), torch.ones_like(points[:, :1, :1, :1])
        nearest = points
        for _ in range(steps):
            middle = (low + high) / 2
            tried = toward(points, self.centres, middle).clamp(self.ball.low, self.ball.high)
            wrong = _over_images(self.wrong(tried))
            nearest = torch.where(wrong, tried, nearest)
            low, high = torch.where(wrong, low, middle), torch.where(wrong, middle, high)
        return nearest

    def normal(self, points: Tensor, reach: Tensor, probes: int, streams: Sequence[torch.Generator]) -> Tensor:
        """An estimate, up to a factor, of the edge's normal that leads away from the label: (n, C, H, W).

        The mean of random directions, weighed by their verdicts less the mean verdict (section IV).

        Args:
            points: (n, C, H, W), close to the edge.
            reach: (n,), Euclidean distance of the probes from the points.
            probes: how many, for each point.
            streams: of random choices, one for each point.
        """
        size = max(_PASS // probes, 1)
        parts = [slice(first, first + size) for first in range(0, len(points), size)]
        return torch.cat([self.rows(part)._normal(points[part], reach[part], probes, streams[part]) for part in parts])

    def _normal(self, points: Tensor, reach: Tensor, probes: int, streams: Sequence[torch.Generator]) -> Tensor:
        draws = [self.geometry.draw(torch.empty(probes, *points.shape[1:]), stream) for stream in streams]
        directions = torch.stack(draws).to(points)
        directions /= directions.flatten(2).norm(dim=2)[..., None, None, None]
        asked = points[:, None] + reach.view(-1, 1, 1, 1, 1) * directions
        moves = asked.clamp_(self.ball.low, self.ball.high) - points[:, None]
        verdicts = self.wrong(asked).to(points) * 2 - 1
        mean = verdicts.mean(1, keepdim=True)
        # Where all agree, each direction is as good as the next: what is left is which side they are on.
        weights = torch.where(mean.abs() == 1, verdicts, verdicts - mean)
        return (weights[..., None, None, None] * moves).mean(1)

    def leap(self, points: Tensor, directions: Tensor, lengths: Tensor) -> Tensor:
        """The longest step of a length (n,), its half, its quarter, and so on, that ends at a misclassified point.

        A point from which none does stays where it is.
        """
        ends, waiting = points.clone(), torch.arange(len(points), device=points.device)
        for halving in range(HALVINGS):
            steps = _over_images(lengths[waiting] / 2**halving) * directions[waiting]
            tried = (points[waiting] + steps).clamp(self.ball.low, self.ball.high)
            wrong = self.rows(waiting).wrong(tried)
            ends[waiting[wrong]] = tried[wrong]
            waiting = waiting[~wrong]
            if not len(waiting):
                break
        return ends


def _over_images(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
