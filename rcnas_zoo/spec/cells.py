"""Specs of networks that repeat two cells: those of the DARTS search space, RobNets, and whatever is between them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rcnas_zoo.spec.canonical import (
    check_choice,
    check_fields,
    check_flag,
    check_integer,
    check_list,
)
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec, network_kind

OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The operations of DARTS (Liu et al., ICLR 2019), in its order."""

INPUTS = 2
"""States that a cell begins with: 0 is the output of the cell before the last one, 1 that of the last."""

MAX_CHANNELS = 4096
MAX_LAYERS = 1024
MAX_NODES = 16
MAX_EDGES = 64


@dataclass(frozen=True)
class EdgeSpec:
    """One summand of a node.

    Attributes:
        operation: one of `OPERATIONS`.
        source: the state that it is applied to: 0 or 1 for the inputs of the cell, 2 for the first node, and so on.

    Raises:
        InvalidInput: an unknown operation, or a state that no cell has.
    """

    operation: str
    source: int

    def __post_init__(self) -> None:
        check_choice("the operation of an edge", self.operation, OPERATIONS)
        check_integer("the source of an edge", self.source, 0, INPUTS + MAX_NODES - 2)

    def to_data(self) -> list[str | int]:
        """Plain JSON data: operation and source."""
        return [self.operation, self.source]

    @classmethod
    def from_data(cls, data: object) -> "EdgeSpec":
        """The edge of plain JSON data, strictly checked."""
        return cls(*check_list("an edge", data, 2))


NodeSpec = tuple[EdgeSpec, ...]


@dataclass(frozen=True)
class CellPlan:
    """A cell: nodes, each the sum of its edges; its output is all nodes, one after the other along the channels.

    Several edges of a node may come from one state, so that "separable convolution and identity", which RobNets have
    on one edge, is two edges.

    Raises:
        InvalidInput: no node, more than 16, no edge in a node, more than 64, or an edge from a later state.
    """

    nodes: tuple[NodeSpec, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(tuple(node) for node in self.nodes))
        if not 1 <= len(self.nodes) <= MAX_NODES:
            raise InvalidInput(f"a cell must have 1 to {MAX_NODES} nodes, got {len(self.nodes)}")
        for number, node in enumerate(self.nodes):
            if not 1 <= len(node) <= MAX_EDGES:
                raise InvalidInput(f"a node of a cell must have 1 to {MAX_EDGES} edges, got {len(node)}")
            for edge in node:
                check_integer(f"the source of an edge to node {number}", edge.source, 0, INPUTS + number - 1)

    def to_data(self) -> list[list[list[str | int]]]:
        """Plain JSON data: a list of nodes, each a list of ``[operation, source]``."""
        return [[edge.to_data() for edge in node] for node in self.nodes]

    @classmethod
    def from_data(cls, data: object) -> "CellPlan":
        """The cell of plain JSON data, strictly checked."""
        nodes = [check_list("a node of a cell", node) for node in check_list("a cell", data)]
        return cls(tuple(tuple(EdgeSpec.from_data(edge) for edge in node) for node in nodes))


@network_kind
@dataclass(frozen=True)
class CellSpec(NetworkSpec):
    """A network of cells: 3x3 stem, ``layers`` cells, pooling, one linear layer.

    Cells number ``layers // 3`` and ``2 * layers // 3`` are reduction cells: their edges from the states 0 and 1 have
    stride 2, and the channels double. All others are normal cells. There is no auxiliary classifier.

    Attributes:
        input, classes: what the network takes and tells apart.
        normal, reduction: the two cells.
        channels: of each node of the first cells; at least 2.
        layers: number of cells.
        stem_multiplier: channels of the stem as a multiple of ``channels``.
        stem_stride: 1 or 2.
        affine: whether the batch normalisations of the cells have scale and shift; that of the stem always has.

    Raises:
        InvalidInput: fewer than 2 classes, or a value outside its range.
    """

    kind: ClassVar[str] = "cells"

    input: InputSpec
    classes: int
    normal: CellPlan
    reduction: CellPlan
    channels: int
    layers: int
    stem_multiplier: int = 3
    stem_stride: int = 1
    affine: bool = True

    def __post_init__(self) -> None:
        check_integer("the number of classes", self.classes, 2, 1_000_000)
        check_integer("the channels of a cell network", self.channels, 2, MAX_CHANNELS)
        check_integer("the layers of a cell network", self.layers, 1, MAX_LAYERS)
        check_integer("the stem multiplier", self.stem_multiplier, 1, 16)
        check_integer("the stem stride", self.stem_stride, 1, 2)
        check_flag("affine", self.affine)

    def __hash__(self) -> int:
        # Of the digest, which is kept: the costs of specs are looked up often, and cells are long.
        return hash(self.digest)

    @property
    def reductions(self) -> frozenset[int]:
        """The numbers of the reduction cells; one of a single layer has only one."""
        return frozenset({self.layers // 3, 2 * self.layers // 3})

    def body(self) -> dict[str, Any]:
        """See `NetworkSpec.body`."""
        return {
            "normal": self.normal.to_data(),
            "reduction": self.reduction.to_data(),
            "channels": self.channels,
            "layers": self.layers,
            "stem_multiplier": self.stem_multiplier,
            "stem_stride": self.stem_stride,
            "affine": self.affine,
        }

    @classmethod
    def from_body(cls, input: InputSpec, classes: int, body: dict[str, Any]) -> "CellSpec":
        """See `NetworkSpec.from_body`."""
        names = ["normal", "reduction", "channels", "layers", "stem_multiplier", "stem_stride", "affine"]
        found = check_fields(body, "a cell spec", names)
        normal, reduction = (CellPlan.from_data(found.pop(name)) for name in ("normal", "reduction"))
        return cls(input, classes, normal, reduction, **found)
