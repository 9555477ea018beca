import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings

from rcnas_zoo.networks.blocks import Activation
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .specs import DIGITS, SPECS, TINY_IMAGENET


@settings(max_examples=30, deadline=None)
@given(SPECS)
def test_any_spec_takes_its_input_to_finite_logits(spec: ResidualSpec) -> None:
    images = torch.rand(2, *spec.input.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = build(spec)(images)
    assert logits.shape == (2, spec.classes)
    assert logits.isfinite().all()


def feature_shapes(spec: ResidualSpec) -> list[tuple[int, ...]]:
    module = build(spec)
    shapes = []
    for part in (module.stem, *module.stages):
        part.register_forward_hook(lambda *call: shapes.append(tuple(call[2].shape[1:])))
    with torch.no_grad():
        module(torch.zeros(1, *spec.input.shape))
    return shapes


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (named_spec("wrn-10-1", DIGITS), [(16, 8, 8), (16, 8, 8), (32, 4, 4), (64, 2, 2)]),
        (named_spec("wrn-10-1", TINY_IMAGENET, 200), [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8)]),
        (
            ResidualSpec(InputSpec((2, 7, 5)), 3, (StageSpec(1, 16, 2, "robust"), StageSpec(2, 9)), stem_width=5),
            [(5, 7, 5), (64, 4, 3), (9, 4, 3)],
        ),
    ],
    ids=["8x8 grey", "64x64", "mixed blocks, odd sides"],
)
def test_every_stage_puts_out_what_its_spec_says(spec: ResidualSpec, expected: list[tuple[int, ...]]) -> None:
    assert feature_shapes(spec) == expected


def test_the_head_is_normalisation_activation_mean_and_linear() -> None:
    module = build(named_spec("wrn-10-1", DIGITS), seed=1)
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        module.norm.bias.fill_(-0.1)
        features = module.stages(module.stem(images)) / (1 + module.norm.eps) ** 0.5 - 0.1
        pooled = features.clamp(min=0).flatten(2).mean(2)
        torch.testing.assert_close(module(images), pooled @ module.classifier.weight.T)


@pytest.mark.parametrize(("activation", "function"), [("relu", F.relu), ("silu", F.silu)])
def test_the_activation_of_the_spec_is_used_throughout(activation: str, function: Activation) -> None:
    stages = (StageSpec(1, 8), StageSpec(1, 16, 1, "robust"))
    module = build(ResidualSpec(DIGITS, 4, stages, activation=activation))
    used = [part.activation for part in module.modules() if hasattr(part, "activation")]
    assert used == [function] * 10
