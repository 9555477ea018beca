"""The residual blocks. Each takes (N, inputs, H, W) to (N, outputs, ceil(H / stride), ceil(W / stride)).

Names of parameters here are those of stored weights: renaming one breaks every entry of the zoo.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.networks.robust_widths import CARDINALITY, SCALES, chunk_width, squeezed_width
from rcnas_zoo.spec.residual import ROBUST_EXPANSION

Activation: TypeAlias = Callable[[Tensor], Tensor]


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size at stride 1."""
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


def _projection(inputs: int, outputs: int, stride: int) -> nn.Conv2d | None:
    if stride == 1 and inputs == outputs:
        return None
    return convolution(inputs, outputs, 1, stride)


class BasicBlock(nn.Module):
    """The pre-activation block of Wide ResNets: two 3x3 convolutions; ``width`` outputs.

    A shortcut with a projection starts at the activated input, an identity at the raw one, as in the RobustResNet
    code; that of WRN-34-R differs for stride 2 at unchanged width, which no named architecture has.
    """

    def __init__(self, inputs: int, width: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.activation = activation
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = convolution(inputs, width, 3, stride)
        self.norm2 = nn.BatchNorm2d(width)
        self.conv2 = convolution(width, width, 3)
        self.shortcut = _projection(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """The block applied to (N, inputs, H, W)."""
        activated = self.activation(self.norm1(x))
        residual: Tensor = self.conv2(self.activation(self.norm2(self.conv1(activated))))
        return residual + (x if self.shortcut is None else self.shortcut(activated))


class RobustBlock(nn.Module):
    """The robust residual block of RobustResNet (Huang et al., CVPR 2023); ``4 * width`` outputs.

    It follows the authors' code, which alone gives their published costs, and not the figure of their paper: the
    convolutions start at the raw input, and the last chunk, not the first, passes them by. The first normalisation
    feeds the projection of the shortcut only; in a block with an identity shortcut it is counted but never used.
    """

    def __init__(self, inputs: int, width: int, stride: int, activation: Activation) -> None:
        super().__init__()
        chunk, outputs = chunk_width(width), ROBUST_EXPANSION * width
        self.activation = activation
        self.stride = stride
        self.norm1 = nn.BatchNorm2d(inputs)
        self.shortcut = _projection(inputs, outputs, stride)
        self.conv1 = convolution(inputs, SCALES * chunk, 1)
        self.norm2 = nn.BatchNorm2d(SCALES * chunk)
        self.scales = nn.ModuleList(_Scale(chunk, stride, activation) for _ in range(SCALES - 1))
        self.conv3 = convolution(SCALES * chunk, outputs, 1)
        self.attention = _ResidualAttention(outputs, squeezed_width(width))

    def forward(self, x: Tensor) -> Tensor:
        """The block applied to (N, inputs, H, W)."""
        residual: Tensor = self.conv3(self._multi_scale(self.activation(self.norm2(self.conv1(x)))))
        shortcut = x if self.shortcut is None else self.shortcut(self.activation(self.norm1(x)))
        attended: Tensor = self.attention(residual)
        return residual + shortcut + attended

    def _multi_scale(self, x: Tensor) -> Tensor:
        *chunks, last = x.chunk(SCALES, dim=1)
        outputs: list[Tensor] = []
        for scale, chunk in zip(self.scales, chunks, strict=True):
            # A strided scale is smaller than the next chunk, so only equal sizes are chained.
            chained = self.stride == 1 and outputs
            outputs.append(scale(chunk + outputs[-1] if chained else chunk))
        passed = last if self.stride == 1 else F.avg_pool2d(last, 3, self.stride, padding=1)
        return torch.cat([*outputs, passed], dim=1)


class _Scale(nn.Module):
    def __init__(self, channels: int, stride: int, activation: Activation) -> None:
        super().__init__()
        self.activation = activation
        self.conv = convolution(channels, channels, 3, stride, CARDINALITY)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.norm(self.conv(x)))


class _ResidualAttention(nn.Module):
    """Squeeze and excitation of the normalised input; its ReLU does not follow the activation of the network."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(x)
        gates = torch.sigmoid(self.excite(F.relu(self.squeeze(normed.mean((2, 3))))))
        return normed * gates[:, :, None, None]
