"""The shape that Wide ResNets and RobustResNets share: three stages, the last two at stride 2."""

from typing import TypeAlias

from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

PerStage: TypeAlias = tuple[int, int, int]

CIFAR = InputSpec((3, 32, 32))
BASE_WIDTHS: PerStage = (16, 32, 64)
_STRIDES: PerStage = (1, 2, 2)
_LARGE_PIXELS = 64


def wide_spec(depths: PerStage, widths: PerStage, block: str, input: InputSpec, classes: int) -> ResidualSpec:
    """The spec with these depths and base widths (in channels) of its stages.

    Raises:
        InvalidInput: a value outside its range; see `StageSpec` and `ResidualSpec`.
    """
    stages = tuple(StageSpec(*stage, block) for stage in zip(depths, widths, _STRIDES, strict=True))
    return ResidualSpec(input, classes, stages, stem_stride=stem_stride(input))


def stem_stride(input: InputSpec) -> int:
    """2 for images whose shorter side is 64 pixels or more, else 1.

    So a named network costs on Tiny-ImageNet what it costs on CIFAR, as in the tables of RC-NAS (arXiv 2406.06792).
    """
    return 2 if min(input.shape[1:]) >= _LARGE_PIXELS else 1
