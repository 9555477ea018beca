"""Cost of a cell spec, counted layer by layer; the modules counted are those of `cell_operations` and `cells`."""

from rcnas_zoo.networks.cell_places import CellPlace, cell_places, head_channels, stem_channels
from rcnas_zoo.networks.counting import Cost, Grid, batch_norm, convolution, linear
from rcnas_zoo.spec.cells import CellSpec, EdgeSpec

FREE = Cost(0, 0)


def cell_cost(spec: CellSpec) -> Cost:
    """Parameters and MACs of a network of cells on one image of its input size."""
    colours, height, width = spec.input.shape
    grid, stem = Grid(height, width).strided(spec.stem_stride), stem_channels(spec)
    total = convolution(colours, stem, 3, grid) + batch_norm(stem)
    for place in cell_places(spec):
        total += _cell(place, grid, spec.affine)
        grid = grid.strided(place.stride)
    return total + linear(head_channels(spec), spec.classes)


def _cell(place: CellPlace, grid: Grid, affine: bool) -> Cost:
    """``grid`` is that of the newer input."""
    after, channels = grid.strided(place.stride), place.channels
    total = sum((_pointwise(inputs, channels, grid, affine) for inputs in place.inputs), FREE)
    for node in place.plan.nodes:
        for edge in node:
            total += _edge(edge, place.stride_of(edge), channels, after, affine)
    return total


def _edge(edge: EdgeSpec, stride: int, channels: int, after: Grid, affine: bool) -> Cost:
    if edge.operation == "skip_connect" and stride > 1:
        return _pointwise(channels, channels, after, affine)
    kernel, rounds = _ROUNDS.get(edge.operation, (1, 0))
    depthwise = convolution(channels, channels, kernel, after, channels)
    return (depthwise + _pointwise(channels, channels, after, affine)) * rounds


def _pointwise(inputs: int, outputs: int, after: Grid, affine: bool) -> Cost:
    """A 1x1 convolution and its normalisation; a factorised reduction costs the same."""
    return convolution(inputs, outputs, 1, after) + (batch_norm(outputs) if affine else FREE)


_ROUNDS = {"sep_conv_3x3": (3, 2), "sep_conv_5x5": (5, 2), "dil_conv_3x3": (3, 1), "dil_conv_5x5": (5, 1)}
"""Kernel of the operations that convolve at any stride, and how often they do; the others are free."""
