"""Specs of the pre-activation wide residual family: Wide ResNets, RobustResNets and every mix of their blocks."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rcnas_zoo.spec.canonical import check_choice, check_fields, check_integer, check_list
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec, network_kind

BLOCKS = ("basic", "robust")
ACTIVATIONS = ("relu", "silu")
ROBUST_EXPANSION = 4
MAX_WIDTH = 16384
MAX_DEPTH = 1024


@dataclass(frozen=True)
class StageSpec:
    """Blocks at one resolution.

    Attributes:
        depth: number of blocks, at least 1.
        width: base channels; the stage puts out ``width`` channels with basic blocks, four times that with robust ones.
        stride: 1 or 2, of the first block.
        block: ``basic`` (two 3x3 convolutions) or ``robust`` (RobustResNet's robust residual block).

    Raises:
        InvalidInput: a value outside its range; robust blocks need a width of at least 16, for below that
            their inner convolutions have no channels.
    """

    depth: int
    width: int
    stride: int = 1
    block: str = "basic"

    def __post_init__(self) -> None:
        check_choice("the block of a stage", self.block, BLOCKS)
        check_integer("the depth of a stage", self.depth, 1, MAX_DEPTH)
        check_integer("the width of a stage", self.width, 1, MAX_WIDTH)
        check_integer("the stride of a stage", self.stride, 1, 2)
        if self.block == "robust" and self.width < 16:
            raise InvalidInput(f"the width of a robust stage must be at least 16, got {self.width}")

    @property
    def output_channels(self) -> int:
        """Channels of the feature map after this stage."""
        return self.width * (ROBUST_EXPANSION if self.block == "robust" else 1)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"depth": self.depth, "width": self.width, "stride": self.stride, "block": self.block}

    @classmethod
    def from_dict(cls, data: object) -> "StageSpec":
        """The stage of plain JSON data, strictly checked."""
        return cls(**check_fields(data, "a stage", ["depth", "width", "stride", "block"]))


@network_kind
@dataclass(frozen=True)
class ResidualSpec(NetworkSpec):
    """A pre-activation residual network: 3x3 stem, stages of residual blocks, pooling, one linear layer.

    Raises:
        InvalidInput: no stage, fewer than 2 classes, or a value outside its range.
    """

    kind: ClassVar[str] = "residual"

    input: InputSpec
    classes: int
    stages: tuple[StageSpec, ...]
    stem_width: int = 16
    stem_stride: int = 1
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_integer("the number of classes", self.classes, 2, 1_000_000)
        check_integer("the stem width", self.stem_width, 1, MAX_WIDTH)
        check_integer("the stem stride", self.stem_stride, 1, 2)
        check_choice("the activation", self.activation, ACTIVATIONS)
        object.__setattr__(self, "stages", tuple(self.stages))
        if not 1 <= len(self.stages) <= 16:
            raise InvalidInput(f"a residual spec must have 1 to 16 stages, got {len(self.stages)}")

    def __hash__(self) -> int:
        # Of the digest, which is kept: searches look specs up by the thousand.
        return hash(self.digest)

    def body(self) -> dict[str, Any]:
        """See `NetworkSpec.body`."""
        return {
            "stages": [stage.to_dict() for stage in self.stages],
            "stem_width": self.stem_width,
            "stem_stride": self.stem_stride,
            "activation": self.activation,
        }

    @classmethod
    def from_body(cls, input: InputSpec, classes: int, body: dict[str, Any]) -> "ResidualSpec":
        """See `NetworkSpec.from_body`."""
        names = ["stages", "stem_width", "stem_stride", "activation"]
        found = check_fields(body, "a residual spec", names)
        stages = check_list("the stages of a residual spec", found.pop("stages"))
        return cls(input, classes, tuple(StageSpec.from_dict(stage) for stage in stages), **found)
