"""Where the points of an ascent may be: a box around each image, or a ball cut by the value range."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from rcnas_zoo.attacks.ball import Ball


class Region(Protocol):
    """A set for each of N images. Points and gradients are (N, C, H, W)."""

    def confine(self, points: Tensor) -> Tensor:
        """The points, moved into their sets."""

    def direction(self, gradient: Tensor) -> Tensor:
        """The unit step that follows a gradient furthest."""

    def __getitem__(self, chosen: Tensor) -> "Region":
        """The sets of some images: bool (N,)."""


@dataclass(frozen=True)
class Box:
    """Every pixel between two bounds (N, C, H, W): an Linf ball, cut by the value range."""

    lower: Tensor
    upper: Tensor

    def confine(self, points: Tensor) -> Tensor:
        """See `Region.confine`."""
        return points.clamp(self.lower, self.upper)

    def direction(self, gradient: Tensor) -> Tensor:
        """See `Region.direction`."""
        return gradient.sign()

    def __getitem__(self, chosen: Tensor) -> "Box":
        return Box(self.lower[chosen], self.upper[chosen])


@dataclass(frozen=True)
class Around:
    """The ball of an attack around each centre (N, C, H, W)."""

    ball: Ball
    centres: Tensor

    def confine(self, points: Tensor) -> Tensor:
        """See `Region.confine`."""
        return self.ball.project(points, self.centres)

    def direction(self, gradient: Tensor) -> Tensor:
        """See `Region.direction`."""
        return self.ball.direction(gradient)

    def __getitem__(self, chosen: Tensor) -> "Around":
        return Around(self.ball, self.centres[chosen])
