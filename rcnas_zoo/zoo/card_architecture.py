"""What a model card says of an architecture, part by part."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rcnas_zoo.networks.cell_places import cell_places, stem_channels
from rcnas_zoo.spec.cells import INPUTS, CellSpec
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.zoo.markdown import json_block, table, times

_Part = tuple[str, str, int, int]
"""Name, what it is made of, channels that it puts out, stride."""


def architecture(spec: NetworkSpec) -> str:
    """The architecture as Markdown; one of a kind that is not known here as JSON."""
    if isinstance(spec, ResidualSpec):
        return f"A pre-activation residual network with {spec.activation} activations.\n\n{_parts(spec, _stages(spec))}"
    if isinstance(spec, CellSpec):
        scaled = "" if spec.affine else ", whose batch normalisations have neither scale nor shift"
        intro = (
            f"A network of {spec.layers} cells{scaled}. A node is the sum of its edges, and a cell puts out its nodes."
        )
        return f"{intro}\n\n{_parts(spec, _cells(spec))}\n\n{_nodes(spec)}"
    if isinstance(spec, PrunedSpec):
        what = "weights" if isinstance(spec.kept, KeptWeights) else "channels"
        kept = table(("layer", f"{what} kept"), spec.kept.layers)
        return f"{architecture(spec.base)}\n\nOf this a part was kept, by {what}:\n\n{kept}"
    return f"Kind `{spec.kind}`.\n\n{json_block(spec.body())}"


def _parts(spec: NetworkSpec, parts: Iterable[_Part]) -> str:
    height, width = spec.input.shape[1:]
    rows: list[tuple[object, ...]] = []
    for name, blocks, channels, stride in parts:
        height, width = -(-height // stride), -(-width // stride)
        rows.append((name, blocks, channels, stride, times((height, width))))
    rows.append(("head", "average pooling, linear", spec.classes, "-", "-"))
    return table(("part", "blocks", "channels out", "stride", "resolution"), rows)


def _stages(spec: ResidualSpec) -> Iterator[_Part]:
    yield "stem", "3x3 convolution", spec.stem_width, spec.stem_stride
    for number, stage in enumerate(spec.stages, start=1):
        yield f"stage {number}", f"{stage.depth} {stage.block}", stage.output_channels, stage.stride


def _cells(spec: CellSpec) -> Iterator[_Part]:
    yield "stem", "3x3 convolution", stem_channels(spec), spec.stem_stride
    last = 0
    for (stride, channels), alike in groupby(cell_places(spec), key=lambda place: (place.stride, place.outputs)):
        first, last = last + 1, last + len(list(alike))
        name = f"cell {first}" if first == last else f"cells {first} to {last}"
        yield name, f"{last - first + 1} {'normal' if stride == 1 else 'reduction'}", channels, stride


def _nodes(spec: CellSpec) -> str:
    rows = [
        (name, number, " + ".join(f"{edge.operation}({edge.source})" for edge in node))
        for name, cell in (("normal", spec.normal), ("reduction", spec.reduction))
        for number, node in enumerate(cell.nodes, start=INPUTS)
    ]
    intro = "States 0 and 1 are the outputs of the cell before the last one and of the last."
    return f"{intro}\n\n{table(('cell', 'state', 'sum of'), rows)}"
