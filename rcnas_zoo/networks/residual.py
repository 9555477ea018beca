"""The module of a residual spec."""

import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.networks.blocks import Activation, BasicBlock, RobustBlock, convolution
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

_BLOCKS: dict[str, type[BasicBlock] | type[RobustBlock]] = {"basic": BasicBlock, "robust": RobustBlock}
_ACTIVATIONS: dict[str, Activation] = {"relu": F.relu, "silu": F.silu}


class ResidualNetwork(nn.Module):
    """3x3 stem, stages of pre-activation blocks, batch normalisation, activation, global average pooling, linear.

    Nothing follows the stem but the first block, and no image is normalised inside: the stem sees the input as it is.

    Attributes:
        spec: what the network was made from.
    """

    def __init__(self, spec: ResidualSpec) -> None:
        super().__init__()
        self.spec = spec
        self.activation = _ACTIVATIONS[spec.activation]
        self.stem = convolution(spec.input.shape[0], spec.stem_width, 3, spec.stem_stride)
        self.stages = nn.Sequential()
        channels = spec.stem_width
        for stage in spec.stages:
            self.stages.append(_stage(stage, channels, self.activation))
            channels = stage.output_channels
        self.norm = nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, spec.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of float images (N, C, H, W) in the value range of the spec's input."""
        features = self.activation(self.norm(self.stages(self.stem(images))))
        logits: Tensor = self.classifier(features.mean((2, 3)))
        return logits


def _stage(stage: StageSpec, inputs: int, activation: Activation) -> nn.Sequential:
    block = _BLOCKS[stage.block]
    first = block(inputs, stage.width, stage.stride, activation)
    rest = (block(stage.output_channels, stage.width, 1, activation) for _ in range(stage.depth - 1))
    return nn.Sequential(first, *rest)
