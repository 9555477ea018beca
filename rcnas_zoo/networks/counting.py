"""Parameters and multiply-accumulates (MACs) of single layers, by formula."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a network, or a part of one, costs.

    Attributes:
        parameters: all trainable numbers, the scale and shift of batch normalisation included.
        macs: multiply-accumulates of convolutions and linear layers for one image. Normalisation, activations,
            pooling, additions and biases are not counted.
    """

    parameters: int
    macs: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.parameters + other.parameters, self.macs + other.macs)

    def __mul__(self, times: int) -> "Cost":
        return Cost(self.parameters * times, self.macs * times)


@dataclass(frozen=True)
class Layer:
    """A convolution or linear layer of a network.

    Attributes:
        name: of the module; its weight is ``name.weight``.
        shape: of the weight, (outputs, inputs / groups, ...).
        positions: uses of each weight on one image, that is output positions (1 of a linear layer on a vector).
    """

    name: str
    shape: tuple[int, ...]
    positions: int

    @property
    def weights(self) -> int:
        """Numbers in the weight."""
        return math.prod(self.shape)

    @property
    def macs(self) -> int:
        """Multiply-accumulates on one image."""
        return self.weights * self.positions


@dataclass(frozen=True)
class Grid:
    """The size of a feature map in positions."""

    height: int
    width: int

    @property
    def positions(self) -> int:
        """Number of positions."""
        return self.height * self.width

    def strided(self, stride: int) -> "Grid":
        """The grid after a layer that keeps the size at stride 1 (odd kernel k, padding k // 2)."""
        return Grid(-(-self.height // stride), -(-self.width // stride))


def convolution(inputs: int, outputs: int, kernel: int, grid: Grid, groups: int = 1) -> Cost:
    """A convolution without bias; ``grid`` is that of its output."""
    weights = kernel * kernel * inputs * outputs // groups
    return Cost(weights, weights * grid.positions)


def batch_norm(channels: int) -> Cost:
    """A batch normalisation with scale and shift."""
    return Cost(2 * channels, 0)


def linear(inputs: int, outputs: int, bias: bool = True) -> Cost:
    """A linear layer applied once to an image."""
    weights = inputs * outputs
    return Cost(weights + (outputs if bias else 0), weights)
