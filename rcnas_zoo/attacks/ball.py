"""The set an attacker may move in: a norm ball around each image, cut by the value range."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.linalg import vector_norm

from rcnas_zoo.spec.threat import ThreatModel

_TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class Ball(ABC):
    """A norm ball. A norm is four methods; all tensors are float32 (N, C, H, W).

    Attributes:
        threat: norm and radius; the radius is a share of the value range.
        low, high: value range of the images.
    """

    threat: ThreatModel
    low: float = 0.0
    high: float = 1.0

    @property
    def radius(self) -> float:
        """The radius in units of the images."""
        return float(self.threat.radius) * (self.high - self.low)

    @property
    def settings(self) -> dict[str, Any]:
        """Plain JSON data that tells the ball."""
        return {"threat": str(self.threat), "range": [self.low, self.high]}

    def random_start(self, images: Tensor, seeds: Sequence[int], clipped: bool = True) -> Tensor:
        """A uniform point of each image's ball, clipped to the value range or not.

        Each image has its own seed and its noise is drawn on the CPU, so neither batch nor device changes it.
        """
        draws = [self.noise(images.shape[1:], torch.Generator().manual_seed(seed)) for seed in seeds]
        start = images + torch.stack(draws).to(images.device)
        return start.clamp(self.low, self.high) if clipped else start

    def surface_start(self, images: Tensor, seeds: Sequence[int]) -> Tensor:
        """A random point at the full radius from each image, clipped to the value range; seeded as `random_start`."""
        draws = torch.stack([self.noise(images.shape[1:], torch.Generator().manual_seed(seed)) for seed in seeds])
        length = _over_images(self.distance(draws, torch.zeros_like(draws)).clamp_min(_TINY))
        return (images + (draws * (self.radius / length)).to(images.device)).clamp(self.low, self.high)

    def project(self, points: Tensor, centres: Tensor) -> Tensor:
        """The points, moved into their ball and the value range; a point inside stays exactly where it is.

        Clipping to a range that holds the centre only brings a point nearer to it, so it never leaves the ball again.
        """
        return self.pull(points, centres).clamp(self.low, self.high)

    def excess(self, points: Tensor, centres: Tensor) -> float:
        """How far the worst point lies outside its ball or the value range, in image units; NaN counts as infinite."""
        distances = self.distance(points.double(), centres.double())
        worst = torch.stack([distances.max() - self.radius, self.low - points.min(), points.max() - self.high]).max()
        return float(worst.nan_to_num(torch.inf, torch.inf))

    @abstractmethod
    def noise(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        """A uniform point of the ball around zero, of the shape (C, H, W) of one image."""

    @abstractmethod
    def direction(self, gradient: Tensor) -> Tensor:
        """The unit step that follows a gradient furthest."""

    @abstractmethod
    def pull(self, points: Tensor, centres: Tensor) -> Tensor:
        """The points, moved into their ball, whatever the value range."""

    @abstractmethod
    def distance(self, points: Tensor, centres: Tensor) -> Tensor:
        """The norm (N,) of the difference."""


class LinfBall(Ball):
    """No pixel moves further than the radius."""

    def noise(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        """See `Ball.noise`."""
        return torch.empty(shape).uniform_(-self.radius, self.radius, generator=generator)

    def direction(self, gradient: Tensor) -> Tensor:
        """See `Ball.direction`."""
        return gradient.sign()

    def pull(self, points: Tensor, centres: Tensor) -> Tensor:
        """See `Ball.pull`."""
        return points.clamp(centres - self.radius, centres + self.radius)

    def distance(self, points: Tensor, centres: Tensor) -> Tensor:
        """See `Ball.distance`."""
        return (points - centres).flatten(1).abs().amax(1)


class L2Ball(Ball):
    """The Euclidean length of the change is at most the radius."""

    def noise(self, shape: Sequence[int], generator: torch.Generator) -> Tensor:
        """See `Ball.noise`. A uniform direction, at the d-th root of a uniform share of the radius."""
        point = torch.randn(shape, generator=generator)
        share = torch.rand((), generator=generator) ** (1 / point.numel())
        length: Tensor = vector_norm(point)
        return point * (self.radius * share / length)

    def direction(self, gradient: Tensor) -> Tensor:
        """See `Ball.direction`."""
        # The largest entry is divided out first, for the square of a tiny gradient is zero in float32.
        largest = gradient.flatten(1).abs().amax(1).clamp_min(_TINY)
        scaled = gradient / _over_images(largest)
        length: Tensor = vector_norm(scaled.flatten(1), dim=1)
        return scaled / _over_images(length.clamp_min(1.0))

    def pull(self, points: Tensor, centres: Tensor) -> Tensor:
        """See `Ball.pull`."""
        length = _over_images(self.distance(points, centres))
        pulled = centres + (points - centres) * (self.radius / length.clamp_min(_TINY))
        return torch.where(length > self.radius, pulled, points)

    def distance(self, points: Tensor, centres: Tensor) -> Tensor:
        """See `Ball.distance`."""
        length: Tensor = vector_norm((points - centres).flatten(1), dim=1)
        return length


def make_ball(threat: ThreatModel, low: float, high: float) -> Ball:
    """The ball of a threat model in a value range."""
    return {"linf": LinfBall, "l2": L2Ball}[threat.norm](threat, low, high)


def _over_images(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
