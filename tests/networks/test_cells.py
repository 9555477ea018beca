"""The module of a cell spec, held against a plain forward pass that is written out here from the papers."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from torch import Tensor, nn

from rcnas_zoo.networks.accelerated import Accelerated
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cell_names import cell_network_spec
from rcnas_zoo.networks.cells import CellNetwork
from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.spec.cells import CellSpec
from rcnas_zoo.spec.network import InputSpec

from .specs import CELL_SPECS, DIGITS


def images_for(spec: CellSpec, count: int = 3) -> Tensor:
    return torch.rand(count, *spec.input.shape, generator=torch.Generator().manual_seed(0))


def shaken(spec: CellSpec) -> nn.Module:
    """The network with normalisations that do something."""
    module, generator = build(spec, seed=1), torch.Generator().manual_seed(2)
    for name, value in module.state_dict().items():
        if "running" in name or "bias" in name or (value.dim() == 1 and "weight" in name):
            value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return module


@settings(max_examples=40, deadline=None)
@given(CELL_SPECS)
def test_any_spec_takes_its_input_to_finite_logits_in_eval_and_train_mode(spec: CellSpec) -> None:
    module, images = build(spec), images_for(spec)
    logits = module(images)
    assert logits.shape == module.train()(images).shape == (3, spec.classes)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(value.grad.isfinite().all() for value in module.parameters() if value.grad is not None)


def plain_forward(spec: CellSpec, weights: dict[str, Tensor], images: Tensor) -> Tensor:
    """Logits by the definitions of DARTS: one long function over the tensors of a state dict, no modules."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, variance = (weights[f"{name}.running_{part}"][:, None, None] for part in ("mean", "var"))
        x = (x - mean) / (variance + 1e-5).sqrt()
        if f"{name}.weight" not in weights:
            return x
        return x * weights[f"{name}.weight"][:, None, None] + weights[f"{name}.bias"][:, None, None]

    def reduction(x: Tensor, name: str) -> Tensor:
        x = x.clamp(min=0)
        odd_rows, odd_columns = x.shape[2] % 2, x.shape[3] % 2
        x = torch.cat([x, torch.zeros_like(x[:, :, :odd_rows])], 2)
        x = torch.cat([x, torch.zeros_like(x[:, :, :, :odd_columns])], 3)
        halves = [
            torch.einsum("oc,nchw->nohw", weights[f"{name}.{half}.weight"][:, :, 0, 0], x[:, :, start::2, start::2])
            for start, half in enumerate(("even", "odd"))
        ]
        return norm(torch.cat(halves, 1), f"{name}.norm")

    def convolved(x: Tensor, name: str, kernel: int, stride: int, dilation: int) -> Tensor:
        first, second = weights[f"{name}.1.weight"], weights[f"{name}.2.weight"]
        padding = dilation * (kernel - 1) // 2
        x = F.conv2d(x.clamp(min=0), first, None, stride, padding, dilation, groups=len(first))
        return norm(F.conv2d(x, second), f"{name}.3")

    def edge(x: Tensor, operation: str, name: str, stride: int) -> Tensor:
        if operation == "none":
            return torch.zeros_like(x[:, :, ::stride, ::stride])
        if operation == "skip_connect":
            return x if stride == 1 else reduction(x, name)
        if operation == "max_pool_3x3":
            return F.max_pool2d(x, 3, stride, 1)
        if operation == "avg_pool_3x3":
            inside = F.avg_pool2d(torch.ones_like(x[:1, :1]), 3, stride, 1)
            return F.avg_pool2d(x, 3, stride, 1) / inside
        kernel = int(operation[-1])
        if operation.startswith("dil"):
            return convolved(x, name, kernel, stride, 2)
        return convolved(convolved(x, f"{name}.0", kernel, stride, 1), f"{name}.1", kernel, 1, 1)

    def brought(x: Tensor, name: str) -> Tensor:
        return norm(F.conv2d(x.clamp(min=0), weights[f"{name}.1.weight"]), f"{name}.2")

    stem = F.conv2d(images, weights["stem.0.weight"], None, spec.stem_stride, 1)
    older = newer = norm(stem, "stem.1")
    thirds = (spec.layers // 3, 2 * spec.layers // 3)
    for number in range(spec.layers):
        reduces = number in thirds
        cell = spec.reduction if reduces else spec.normal
        bring_older = reduction if number and number - 1 in thirds else brought
        states = [bring_older(older, f"cells.{number}.older"), brought(newer, f"cells.{number}.newer")]
        for node, edges in enumerate(cell.nodes):
            total: Tensor | None = None
            for place, found in enumerate(edges):
                name = f"cells.{number}.nodes.{node}.{place}"
                value = edge(states[found.source], found.operation, name, 2 if reduces and found.source < 2 else 1)
                total = value if total is None else total + value
            assert total is not None
            states.append(total)
        older, newer = newer, torch.cat(states[2:], 1)
    return newer.mean((2, 3)) @ weights["classifier.weight"].T + weights["classifier.bias"]


@pytest.mark.parametrize("genotype", GENOTYPES)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 10)], ids=["8x8", "odd"])
def test_the_network_computes_what_the_papers_define(genotype: str, shape: tuple[int, int, int]) -> None:
    spec = cell_network_spec(f"{genotype}-1@6", InputSpec(shape))
    module, images = shaken(spec), images_for(spec)
    with torch.no_grad():
        torch.testing.assert_close(module(images), plain_forward(spec, module.state_dict(), images))


@settings(max_examples=40, deadline=None)
@given(CELL_SPECS)
def test_so_does_the_network_of_any_spec(spec: CellSpec) -> None:
    module, images = shaken(spec), images_for(spec)
    with torch.no_grad():
        torch.testing.assert_close(
            module(images), plain_forward(spec, module.state_dict(), images), rtol=1e-4, atol=1e-4
        )


def feature_shapes(spec: CellSpec) -> list[tuple[int, ...]]:
    module, shapes = build(spec), []
    for part in (module.stem, *module.cells):
        part.register_forward_hook(lambda *call: shapes.append(tuple(call[2].shape[1:])))
    with torch.no_grad():
        module(images_for(spec))
    return shapes


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((1, 8, 8), [8, 8, 4, 4, 2, 2]),
        ((3, 7, 7), [7, 7, 4, 4, 2, 2]),
        ((1, 1, 1), [1] * 6),
        ((3, 64, 64), [32, 32, 16, 16, 8, 8]),
    ],
    ids=["8x8", "7x7", "one pixel", "64x64"],
)
def test_every_cell_puts_out_four_nodes_and_reductions_halve_and_double(
    shape: tuple[int, int, int], sides: list[int]
) -> None:
    expected = [12, 16, 32, 32, 64, 64]
    found = feature_shapes(cell_network_spec("racl-1@4", InputSpec(shape)))
    assert found == [(channels, side, side) for channels, side in zip(expected, sides, strict=True)]


@pytest.mark.parametrize(("name", "affine"), [("robnet-1@4", False), ("advrush-1@4", True)])
def test_normalisations_of_cells_have_scale_and_shift_or_not_and_that_of_the_stem_always(
    name: str, affine: bool
) -> None:
    module = build(cell_network_spec(name, DIGITS))
    assert module.stem[1].affine
    norms = [layer for layer in module.cells.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert norms
    assert {layer.affine for layer in norms} == {affine}
    assert all(layer.running_var.eq(1).all() and not layer.running_mean.any() for layer in norms)


def test_convolutions_are_drawn_and_equal_seeds_give_equal_weights() -> None:
    spec = cell_network_spec("robnet-1@6", DIGITS)
    first, again, other = (build(spec, seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if first[name].dim() > 1]
    assert not any(torch.equal(first[name], other[name]) for name in drawn)
    assert all(first[name].std() > 0 for name in drawn)


def test_a_node_without_inputs_is_zero_and_the_network_still_learns() -> None:
    """Node 0 of the reduction cell of LRNAS has two `none` edges."""
    module = build(cell_network_spec("lrnas-1@4", DIGITS)).train()
    images = images_for(module.spec)
    reduction = module.cells[1]
    reduction.register_forward_hook(lambda *call: outputs.append(call[2]))
    outputs: list[Tensor] = []
    module(images).sum().backward()
    assert not outputs[0][:, :8].any()
    assert outputs[0][:, 8:].any()
    assert module.stem[0].weight.grad.any()


@pytest.mark.parametrize("genotype", ["advrush", "lrnas", "robnet"])
def test_it_runs_channels_last_and_computes_the_same(genotype: str) -> None:
    spec = cell_network_spec(f"{genotype}-1@6", InputSpec((3, 9, 9)))
    module, images = shaken(spec), images_for(spec)
    with torch.no_grad():
        plain = module(images)
        torch.testing.assert_close(Accelerated(module, "float32", compiled=False)(images), plain)
        rounded = Accelerated(module, "bfloat16", compiled=False)(images)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, plain, rtol=0.1, atol=0.1 * plain.abs().max().item())


def test_the_module_knows_its_spec() -> None:
    spec = cell_network_spec("pdarts-1@4", DIGITS)
    module = build(spec)
    assert isinstance(module, CellNetwork)
    assert module.spec is spec
    assert not module.training
