"""Adversarial images in few bits: for each, the coarsest change that still breaks the network.

An attack's result has 32 bits a value, and nearly all of them are noise. These kinds of change are tried in turn:

- ``VERTEX`` (Linf): every value moves by the whole radius, up or down; a bit says which.
- a whole number of steps, the value range having 15, 51, 255 or 32,640 of them (`STEPS`). Under L2 the coarse grids
  come first: most of what an attack adds is small, and what is large breaks the network alone.
- ``EXACT``: the example itself.

The image is moved in float32 and projected into the ball and the value range, so the same codes always give the same
adversarial image; only the length that an L2 projection divides by may differ in its last bit between machines.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball, LinfBall
from rcnas_zoo.spec.errors import InvalidInput

VERTEX, EXACT = 0, 5
STEPS = {1: 15, 2: 51, 3: 255, 4: 255 * 128}
"""Kind to the steps of the value range; a change by the whole range still fits into 16 bits."""

# What rounding in float32 may add to a whole number of steps.
_SLACK = 1e-3

Judge = Callable[[Tensor, Tensor], Tensor]
"""Adversarial images (m, C, H, W) float32 and their numbers (m,) int64 -> which are misclassified: bool (m,)."""


@dataclass(frozen=True, eq=False)
class Originals:
    """The images that were attacked, as the integers they came as, and where an attacker may move them.

    Attributes:
        images: uint8 (N, C, H, W), values 0 to ``levels``.
        levels: the value that means full brightness, 1 to 255.
        ball: threat and value range; 0 stands for its low end, ``levels`` for its high end.

    Raises:
        InvalidInput: another dtype or shape, or levels outside their range.
    """

    images: Tensor
    levels: int
    ball: Ball

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            kind = f"{self.images.dtype} {tuple(self.images.shape)}"
            raise InvalidInput(f"original images must be uint8 (N, C, H, W), got {kind}")
        if not 1 <= self.levels <= 255 or (self.images.numel() and int(self.images.max()) > self.levels):
            raise InvalidInput(f"levels must be 1 to 255 and at least the largest pixel value, got {self.levels}")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def floats(self, numbers: Tensor | slice = slice(None)) -> Tensor:
        """The images of these numbers, float32 (m, C, H, W) in the value range."""
        shares = self.images[numbers].to(torch.float32) / self.levels
        return self.ball.low + (self.ball.high - self.ball.low) * shares


def coarsen(originals: Originals, adversarial: Tensor, numbers: Tensor, still_broken: Judge) -> tuple[Tensor, Tensor]:
    """The kind of each example, uint8 (m,), and its codes, int16 (m, C, H, W); codes of `EXACT` mean nothing.

    Args:
        originals: the images that were attacked.
        adversarial: float32 (m, C, H, W) inside their ball.
        numbers: int64 (m,), which image each was made of.
        still_broken: of the model that the examples break.
    """
    clean, ball = originals.floats(numbers), originals.ball
    kinds = torch.full((len(numbers),), EXACT, dtype=torch.uint8)
    codes = torch.zeros(adversarial.shape, dtype=torch.int16)
    rest = torch.arange(len(numbers))
    for kind, found in _attempts(ball, clean, adversarial):
        if not len(rest):
            break
        broken = still_broken(moved(kind, found[rest], clean[rest], ball), numbers[rest])
        kinds[rest[broken]], codes[rest[broken]] = kind, found[rest[broken]]
        rest = rest[~broken]
    return kinds, codes


def moved(kind: int, codes: Tensor, clean: Tensor, ball: Ball) -> Tensor:
    """The adversarial images of codes that are not `EXACT`.

    Args:
        kind: `VERTEX` or one of `STEPS`.
        codes: integers (m, C, H, W): 1 for up and 0 for down, or numbers of steps.
        clean: float32 (m, C, H, W).
        ball: where they must stay.
    """
    if kind == VERTEX:
        change = torch.where(codes > 0, ball.radius, -ball.radius).to(torch.float32)
    else:
        change = codes.to(torch.float32) / STEPS[kind] * (ball.high - ball.low)
    return ball.project(clean + change, clean)


def _attempts(ball: Ball, clean: Tensor, adversarial: Tensor) -> Iterator[tuple[int, Tensor]]:
    shares = (adversarial - clean) / (ball.high - ball.low)
    steps = {kind: shares * count for kind, count in STEPS.items()}
    if isinstance(ball, LinfBall):
        yield VERTEX, _upwards(ball, clean, adversarial).to(torch.int16)
        # Away from the image and back to the radius, where most values are: few different codes, and seldom too weak.
        yield 3, _away(steps[3])
    else:
        yield 1, _nearest(steps[1])
        yield 2, _nearest(steps[2])
    yield 3, _nearest(steps[3])
    yield 4, _nearest(steps[4])


def _upwards(ball: Ball, clean: Tensor, adversarial: Tensor) -> Tensor:
    """Whether the vertex above is nearer; where the range cuts one off, the sign of the change does not tell."""
    up, down = ((clean + move).clamp(ball.low, ball.high) for move in (ball.radius, -ball.radius))
    return (up - adversarial).abs() < (down - adversarial).abs()


def _nearest(steps: Tensor) -> Tensor:
    return steps.round().to(torch.int16)


def _away(steps: Tensor) -> Tensor:
    """The next whole number on the side that is away from zero."""
    return (steps.sign() * (steps.abs() - _SLACK).ceil()).to(torch.int16)
