"""The module of a cell spec."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.blocks import convolution
from rcnas_zoo.networks.cell_operations import FactorisedReduction, ReluConvNorm, operation
from rcnas_zoo.networks.cell_places import CellPlace, cell_places, head_channels, stem_channels
from rcnas_zoo.spec.cells import INPUTS, CellSpec, EdgeSpec


class Node(nn.ModuleList):
    """A node of a cell: the sum of what its edges make of the states before it."""

    def __init__(self, edges: Sequence[EdgeSpec], place: CellPlace, affine: bool) -> None:
        super().__init__(operation(edge.operation, place.channels, place.stride_of(edge), affine) for edge in edges)
        self.sources = [edge.source for edge in edges]

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """(N, channels, H, W) of the states of the cell so far."""
        first, *rest = (edge(states[source]) for edge, source in zip(self, self.sources, strict=True))
        total: Tensor = sum(rest, first)
        return total


class Cell(nn.Module):
    """One cell: both inputs brought to its channels, then its nodes, all of which are put out."""

    def __init__(self, place: CellPlace, affine: bool) -> None:
        super().__init__()
        older, newer = place.inputs
        bring = FactorisedReduction if place.older_is_larger else ReluConvNorm
        self.older = bring(older, place.channels, affine)
        self.newer = ReluConvNorm(newer, place.channels, affine)
        self.nodes = nn.ModuleList(Node(edges, place, affine) for edges in place.plan.nodes)

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """(N, nodes * channels, H, W): the nodes of the outputs of the last two cells, or of the stem."""
        states = [self.older(older), self.newer(newer)]
        for node in self.nodes:
            states.append(node(states))
        return torch.cat(states[INPUTS:], dim=1)


class CellNetwork(nn.Module):
    """3x3 stem with batch normalisation, cells, global average pooling, linear.

    No image is normalised inside: the stem sees the input as it is.

    Attributes:
        spec: what the network was made from.
    """

    def __init__(self, spec: CellSpec) -> None:
        super().__init__()
        self.spec = spec
        channels = stem_channels(spec)
        self.stem = nn.Sequential(
            convolution(spec.input.shape[0], channels, 3, spec.stem_stride), nn.BatchNorm2d(channels)
        )
        self.cells = nn.ModuleList(Cell(place, spec.affine) for place in cell_places(spec))
        self.classifier = nn.Linear(head_channels(spec), spec.classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of float images (N, C, H, W) in the value range of the spec's input."""
        older = newer = self.stem(images)
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        logits: Tensor = self.classifier(newer.mean((2, 3)))
        return logits
