"""What stands on the edges of a cell, and before them; at stride s an H x W map becomes ceil(H / s) x ceil(W / s).

Operations and their order of layers are those of DARTS (Liu et al., "DARTS: Differentiable Architecture Search", ICLR
2019) as its networks are evaluated: no normalisation follows a pooling. Names of parameters here are those of stored
weights: renaming one breaks every entry of the zoo.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Zero(nn.Module):
    """Zeros of the size that any other operation would put out."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Zeros (N, C, ceil(H / stride), ceil(W / stride))."""
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])


class ReluConvNorm(nn.Sequential):
    """ReLU, 1x1 convolution, batch normalisation: how a cell brings its inputs to its own channels."""

    def __init__(self, inputs: int, outputs: int, affine: bool) -> None:
        super().__init__(nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs, affine=affine))


class FactorisedReduction(nn.Module):
    """Halves the sides: after a ReLU, two 1x1 convolutions of stride 2 see the even and the odd positions.

    DARTS asks for even sides and even channels. Here an odd side is continued by zeros, so that both halves have
    ceil(H / 2) rows, and of odd channels the first convolution gets one more; even ones are as in DARTS.
    """

    def __init__(self, inputs: int, outputs: int, affine: bool) -> None:
        super().__init__()
        self.even = nn.Conv2d(inputs, outputs - outputs // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(inputs, outputs // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        """(N, outputs, ceil(H / 2), ceil(W / 2)) of (N, inputs, H, W)."""
        x = F.relu(x)
        height, width = x.shape[2:]
        shifted = F.pad(x, (0, width % 2, 0, height % 2))[:, :, 1:, 1:]
        normed: Tensor = self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))
        return normed


class SeparableRound(nn.Sequential):
    """ReLU, depthwise convolution, pointwise convolution, batch normalisation; the stride is the depthwise one's."""

    def __init__(self, channels: int, kernel: int, stride: int, dilation: int, affine: bool) -> None:
        padding = dilation * (kernel // 2)
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels, affine=affine),
        )


def operation(name: str, channels: int, stride: int, affine: bool) -> nn.Module:
    """The module of an operation that keeps the number of channels."""
    return _OPERATIONS[name](channels, stride, affine)


def _skip(channels: int, stride: int, affine: bool) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorisedReduction(channels, channels, affine)


def _separable(channels: int, kernel: int, stride: int, affine: bool) -> nn.Module:
    """Two rounds, the first of which has the stride."""
    return nn.Sequential(*(SeparableRound(channels, kernel, step, 1, affine) for step in (stride, 1)))


_OPERATIONS: dict[str, Callable[[int, int, bool], nn.Module]] = {
    "none": lambda channels, stride, affine: Zero(stride),
    "max_pool_3x3": lambda channels, stride, affine: nn.MaxPool2d(3, stride, padding=1),
    "avg_pool_3x3": lambda channels, stride, affine: nn.AvgPool2d(3, stride, padding=1, count_include_pad=False),
    "skip_connect": _skip,
    "sep_conv_3x3": lambda channels, stride, affine: _separable(channels, 3, stride, affine),
    "sep_conv_5x5": lambda channels, stride, affine: _separable(channels, 5, stride, affine),
    "dil_conv_3x3": lambda channels, stride, affine: SeparableRound(channels, 3, stride, 2, affine),
    "dil_conv_5x5": lambda channels, stride, affine: SeparableRound(channels, 5, stride, 2, affine),
}
