"""Cost of a residual spec, counted layer by layer; the modules counted are those of `blocks` and `residual`."""

from collections.abc import Callable

from rcnas_zoo.networks.counting import Cost, Grid, batch_norm, convolution, linear
from rcnas_zoo.networks.robust_widths import CARDINALITY, SCALES, chunk_width, squeezed_width
from rcnas_zoo.spec.residual import ROBUST_EXPANSION, ResidualSpec, StageSpec


def residual_cost(spec: ResidualSpec) -> Cost:
    """Parameters and MACs of a residual network on one image of its input size."""
    stem = convolution(spec.input.shape[0], spec.stem_width, 3, _stem_grid(spec))
    channels = spec.stages[-1].output_channels
    return sum(stage_costs(spec), stem) + batch_norm(channels) + linear(channels, spec.classes)


def stage_costs(spec: ResidualSpec) -> list[Cost]:
    """Parameters and MACs of each stage alone; stem, last normalisation and classifier belong to none."""
    channels, grid, costs = spec.stem_width, _stem_grid(spec), []
    for stage in spec.stages:
        costs.append(_stage(stage, channels, grid))
        channels, grid = stage.output_channels, grid.strided(stage.stride)
    return costs


def _stem_grid(spec: ResidualSpec) -> Grid:
    _, height, width = spec.input.shape
    return Grid(height, width).strided(spec.stem_stride)


def _stage(stage: StageSpec, inputs: int, grid: Grid) -> Cost:
    block = _BLOCKS[stage.block]
    first = block(inputs, stage.width, stage.stride, grid)
    other = block(stage.output_channels, stage.width, 1, grid.strided(stage.stride))
    return first + other * (stage.depth - 1)


def _basic_block(inputs: int, width: int, stride: int, grid: Grid) -> Cost:
    after = grid.strided(stride)
    return (
        batch_norm(inputs)
        + convolution(inputs, width, 3, after)
        + batch_norm(width)
        + convolution(width, width, 3, after)
        + _shortcut(inputs, width, stride, after)
    )


def _robust_block(inputs: int, width: int, stride: int, grid: Grid) -> Cost:
    after = grid.strided(stride)
    chunk, hidden, outputs = chunk_width(width), squeezed_width(width), ROBUST_EXPANSION * width
    branch = convolution(chunk, chunk, 3, after, CARDINALITY) + batch_norm(chunk)
    return (
        batch_norm(inputs)
        + convolution(inputs, SCALES * chunk, 1, grid)
        + batch_norm(SCALES * chunk)
        + branch * (SCALES - 1)
        + convolution(SCALES * chunk, outputs, 1, after)
        + batch_norm(outputs)
        + linear(outputs, hidden, bias=False)
        + linear(hidden, outputs, bias=False)
        + _shortcut(inputs, outputs, stride, after)
    )


def _shortcut(inputs: int, outputs: int, stride: int, after: Grid) -> Cost:
    if stride == 1 and inputs == outputs:
        return Cost(0, 0)
    return convolution(inputs, outputs, 1, after)


_BLOCKS: dict[str, Callable[[int, int, int, Grid], Cost]] = {"basic": _basic_block, "robust": _robust_block}
