"""What the tests of this room share: small random specs, and a count that knows nothing of our formulas."""

import torch
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.spec.cells import OPERATIONS, CellPlan, CellSpec, EdgeSpec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

DIGITS = InputSpec((1, 8, 8))
TINY_IMAGENET = InputSpec((3, 64, 64))

STRIDES = st.sampled_from([1, 2])
STAGES = st.one_of(
    st.builds(StageSpec, st.integers(1, 3), st.integers(1, 24), STRIDES, st.just("basic")),
    st.builds(StageSpec, st.integers(1, 3), st.integers(16, 70), STRIDES, st.just("robust")),
)
SPECS = st.builds(
    ResidualSpec,
    st.builds(InputSpec, st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))),
    st.integers(2, 12),
    st.lists(STAGES, min_size=1, max_size=3).map(tuple),
    stem_width=st.integers(1, 20),
    stem_stride=STRIDES,
    activation=st.sampled_from(["relu", "silu"]),
)


@st.composite
def cells(draw: st.DrawFn) -> CellPlan:
    """Cells of one to three nodes, each with one to three edges from any earlier state."""
    operations = st.sampled_from(OPERATIONS)
    return CellPlan(
        tuple(
            tuple(draw(st.lists(st.builds(EdgeSpec, operations, st.integers(0, node + 1)), min_size=1, max_size=3)))
            for node in range(draw(st.integers(1, 3)))
        )
    )


CELL_SPECS = st.builds(
    CellSpec,
    st.builds(InputSpec, st.tuples(st.integers(1, 4), st.integers(1, 13), st.integers(1, 13))),
    st.integers(2, 12),
    cells(),
    cells(),
    channels=st.integers(2, 7),
    layers=st.integers(1, 5),
    stem_multiplier=st.integers(1, 3),
    stem_stride=STRIDES,
    affine=st.booleans(),
)


def count_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def count_macs(module: nn.Module, image: torch.Tensor) -> int:
    """Multiply-accumulates of the convolutions and linear layers that run on one image: uses of every weight."""
    uses = []

    def watch(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        positions = output[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
        uses.append(layer.weight.numel() * positions)

    layers = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(watch) for layer in layers]
    with torch.no_grad():
        module(image)
    for hook in hooks:
        hook.remove()
    return sum(uses)
