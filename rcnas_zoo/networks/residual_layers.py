"""The weighted layers of a residual spec by name; the modules are those of `blocks` and `residual`."""

from collections.abc import Callable, Iterator

from rcnas_zoo.networks.counting import Grid, Layer
from rcnas_zoo.networks.robust_widths import CARDINALITY, SCALES, chunk_width, squeezed_width
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec


def residual_layers(spec: ResidualSpec) -> tuple[Layer, ...]:
    """Every convolution and linear layer; no torch is needed."""
    return tuple(_layers(spec))


def _layers(spec: ResidualSpec) -> Iterator[Layer]:
    colours, height, width = spec.input.shape
    grid = Grid(height, width).strided(spec.stem_stride)
    channels = spec.stem_width
    yield _convolution("stem", colours, channels, 3, grid)
    for number, stage in enumerate(spec.stages):
        for place in range(stage.depth):
            stride = stage.stride if place == 0 else 1
            yield from _BLOCKS[stage.block](f"stages.{number}.{place}", stage, channels, stride, grid)
            channels, grid = stage.output_channels, grid.strided(stride)
    yield Layer("classifier", (spec.classes, channels), 1)


def _basic(name: str, stage: StageSpec, inputs: int, stride: int, grid: Grid) -> Iterator[Layer]:
    after = grid.strided(stride)
    yield _convolution(f"{name}.conv1", inputs, stage.width, 3, after)
    yield _convolution(f"{name}.conv2", stage.width, stage.width, 3, after)
    yield from _shortcut(name, stage, inputs, stride, after)


def _robust(name: str, stage: StageSpec, inputs: int, stride: int, grid: Grid) -> Iterator[Layer]:
    after = grid.strided(stride)
    chunk, outputs, hidden = chunk_width(stage.width), stage.output_channels, squeezed_width(stage.width)
    yield from _shortcut(name, stage, inputs, stride, after)
    yield _convolution(f"{name}.conv1", inputs, SCALES * chunk, 1, grid)
    for scale in range(SCALES - 1):
        yield _convolution(f"{name}.scales.{scale}.conv", chunk, chunk, 3, after, CARDINALITY)
    yield _convolution(f"{name}.conv3", SCALES * chunk, outputs, 1, after)
    yield Layer(f"{name}.attention.squeeze", (hidden, outputs), 1)
    yield Layer(f"{name}.attention.excite", (outputs, hidden), 1)


def _shortcut(name: str, stage: StageSpec, inputs: int, stride: int, after: Grid) -> Iterator[Layer]:
    if stride != 1 or inputs != stage.output_channels:
        yield _convolution(f"{name}.shortcut", inputs, stage.output_channels, 1, after)


def _convolution(name: str, inputs: int, outputs: int, kernel: int, grid: Grid, groups: int = 1) -> Layer:
    return Layer(name, (outputs, inputs // groups, kernel, kernel), grid.positions)


_BLOCKS: dict[str, Callable[[str, StageSpec, int, int, Grid], Iterator[Layer]]] = {"basic": _basic, "robust": _robust}
