"""The random changes that Square Attack tries (Andriushchenko et al. 2020): squares in Linf, pyramids in L2."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Protocol

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball

_TINY = 1e-12


class Moves(Protocol):
    """How a search of one norm begins and goes on. Every image has random numbers of its own."""

    def numbers_at_first(self, shape: Sequence[int]) -> int:
        """How many uniform numbers the beginning takes, for images (C, H, W)."""

    def numbers_a_query(self, shape: Sequence[int]) -> int:
        """How many uniform numbers a query takes."""

    def first(self, centres: Tensor, uniform: Tensor) -> Tensor:
        """Where the search begins: (N, C, H, W), of images (N, C, H, W) and numbers (N, `numbers_at_first`)."""

    def next(self, best: Tensor, centres: Tensor, uniform: Tensor, share: float) -> Tensor:
        """What a query asks: the best points so far, changed in a square that covers this share of the image."""


@dataclass(frozen=True)
class Squares:
    """Linf: begin with vertical stripes; then put a square of one colour at the edge of the ball (Algorithm 2)."""

    ball: Ball

    def numbers_at_first(self, shape: Sequence[int]) -> int:
        """See `Moves.numbers_at_first`."""
        return shape[0] * shape[2]

    def numbers_a_query(self, shape: Sequence[int]) -> int:
        """See `Moves.numbers_a_query`."""
        return 2 + shape[0]

    def first(self, centres: Tensor, uniform: Tensor) -> Tensor:
        """See `Moves.first`."""
        stripes = _signs(uniform).view(len(centres), centres.shape[1], 1, centres.shape[3])
        return self.ball.project(centres + self.ball.radius * stripes, centres)

    def next(self, best: Tensor, centres: Tensor, uniform: Tensor, share: float) -> Tensor:
        """See `Moves.next`."""
        height, width = centres.shape[2:]
        side = min(max(round(sqrt(share * height * width)), 1), height, width)
        window = _windows(uniform[:, :2], side, centres.shape)
        moved = best.clone()
        # Indexed so, a window is (N, side, side, C).
        square = centres[window] + self.ball.radius * _signs(uniform[:, None, None, 2:])
        # The rest of the image is where it was allowed to be.
        moved[window] = square.clamp(self.ball.low, self.ball.high)
        return moved


@dataclass(frozen=True)
class Pyramids:
    """L2: begin with a grid of pyramid pairs; then move the weight of one square into another (Algorithm 3)."""

    ball: Ball

    def numbers_at_first(self, shape: Sequence[int]) -> int:
        """See `Moves.numbers_at_first`."""
        return len(_tiles(shape)) * (1 + shape[0])

    def numbers_a_query(self, shape: Sequence[int]) -> int:
        """See `Moves.numbers_a_query`."""
        return 5 + shape[0]

    def first(self, centres: Tensor, uniform: Tensor) -> Tensor:
        """See `Moves.first`."""
        change = torch.zeros_like(centres)
        side = _tile_side(centres.shape[1:])
        rows = torch.split(uniform, 1 + centres.shape[1], 1)
        for (top, left), numbers in zip(_tiles(centres.shape[1:]), rows, strict=True):
            tile = _turned(side, numbers[:, 0]) * _signs(numbers[:, 1:])[:, :, None, None]
            change[:, :, top : top + side, left : left + side] += tile
        return self._at_the_edge(change, centres)

    def next(self, best: Tensor, centres: Tensor, uniform: Tensor, share: float) -> Tensor:
        """See `Moves.next`."""
        change, side = best - centres, self._side(centres.shape, share)
        here, there = (_windows(uniform[:, k : k + 2], side, centres.shape) for k in (0, 2))
        inside = torch.zeros_like(change[:, :1], dtype=torch.bool)
        for window in (here, there):
            inside[window] = True
        # The squared length that the new square gets in each channel: what was there and what is left of the ball.
        kept = (change * inside).square().sum((2, 3))
        spare = (self.ball.radius**2 - change.square().sum((1, 2, 3))).clamp_min(0)
        length = (kept + spare[:, None] / centres.shape[1]).sqrt()
        old = change[here]
        fresh = (_turned(side, uniform[:, 4]) * _signs(uniform[:, 5:])[:, :, None, None]).permute(0, 2, 3, 1)
        fresh = fresh + old / old.square().sum((1, 2), keepdim=True).sqrt().clamp_min(_TINY)
        fresh = fresh * (length[:, None, None] / fresh.square().sum((1, 2), keepdim=True).sqrt().clamp_min(_TINY))
        change[there] = 0.0
        change[here] = fresh
        return self._at_the_edge(change, centres)

    def _side(self, shape: Sequence[int], share: float) -> int:
        """Odd and at least 3, so that a pair of pyramids has two halves."""
        side = max(round(sqrt(share * shape[2] * shape[3])), 3)
        return min(side + (side % 2 == 0), *shape[2:])

    def _at_the_edge(self, change: Tensor, centres: Tensor) -> Tensor:
        length = change.square().sum((1, 2, 3), keepdim=True).sqrt().clamp_min(_TINY)
        return self.ball.project(centres + change * (self.ball.radius / length), centres)


def make_moves(ball: Ball) -> Moves:
    """The moves of the ball's norm."""
    return Squares(ball) if ball.threat.norm == "linf" else Pyramids(ball)


def _signs(uniform: Tensor) -> Tensor:
    return torch.where(uniform < 0.5, -1.0, 1.0)


def _windows(uniform: Tensor, side: int, shape: Sequence[int]) -> tuple[Tensor, slice, Tensor, Tensor]:
    """The index of a square in each image, at a uniform place: numbers (N, 2)."""
    room = torch.tensor([shape[2] - side + 1, shape[3] - side + 1], device=uniform.device)
    corners = (uniform * room).long()
    steps = torch.arange(side, device=uniform.device)
    rows, columns = (corners[:, k, None] + steps for k in (0, 1))
    number = torch.arange(len(uniform), device=uniform.device)
    return number[:, None, None], slice(None), rows[:, :, None], columns[:, None, :]


def _turned(side: int, uniform: Tensor) -> Tensor:
    """The pair of pyramids (N, 1, side, side), upright or lying by chance."""
    pair = pyramid_pair(side).to(uniform.device)
    return torch.where(uniform[:, None, None] < 0.5, pair, pair.T)[:, None]


@cache
def pyramid_pair(side: int) -> Tensor:
    """A pyramid above its negative, of unit length: (side, side) (Eq. 2 of the paper)."""
    pair = torch.cat([_pyramid(side // 2, side), -_pyramid(side - side // 2, side)])
    return pair / pair.square().sum().sqrt()


def _pyramid(height: int, width: int) -> Tensor:
    """A sum of ever larger rectangles around the middle, the k-th of weight 1 / k^2, of unit length."""
    middle = (height // 2, width // 2)
    rows, columns = torch.arange(height) - middle[0], torch.arange(width) - middle[1]
    ring = torch.maximum(rows.abs()[:, None], columns.abs()[None])
    weights = 1 / torch.arange(1, max(middle) + 2).square()
    # A pixel in ring r lies in all rectangles from the r-th on.
    pyramid = weights.flip(0).cumsum(0).flip(0)[ring]
    return pyramid / pyramid.square().sum().sqrt().clamp_min(_TINY)


def _tile_side(shape: Sequence[int]) -> int:
    return max(shape[1] // 5, 1)


def _tiles(shape: Sequence[int]) -> list[tuple[int, int]]:
    """Top left corners of the tiles that the search begins with: five to a column."""
    _, height, width = shape
    side = _tile_side(shape)
    begin = max(height - side * 5, 0) // 2
    tops, lefts = (range(begin, size - side + 1, side) for size in (height, width))
    return [(top, left) for top in tops for left in lefts]
