"""What the tests of this room share: small random specs, and a count that knows nothing of our formulas."""

import torch
from hypothesis import strategies as st
from torch import nn

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
