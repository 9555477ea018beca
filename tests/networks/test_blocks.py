"""Both blocks against a plain re-implementation, which spells out every sum that is not a convolution."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.networks.blocks import BasicBlock, RobustBlock

ACTIVATIONS = {"relu": lambda x: x.clamp(min=0), "silu": lambda x: x / (1 + torch.exp(-x))}
State = dict[str, Tensor]


def filled(block: nn.Module) -> nn.Module:
    """The block in double precision with every number, running statistics too, drawn anew."""
    generator = torch.Generator().manual_seed(1)
    for name, values in block.double().state_dict().items():
        if values.is_floating_point():
            drawn = torch.randn(values.shape, generator=generator, dtype=torch.float64)
            values.copy_(drawn.abs() + 0.5 if name.endswith("running_var") else drawn / values[0].numel() ** 0.5)
    return block.eval()


def norm(state: State, name: str, x: Tensor) -> Tensor:
    def channel(part: str) -> Tensor:
        return state[f"{name}.{part}"].view(1, -1, 1, 1)

    deviation = (channel("running_var") + 1e-5).sqrt()
    return (x - channel("running_mean")) / deviation * channel("weight") + channel("bias")


def grouped(weight: Tensor, x: Tensor, stride: int) -> Tensor:
    """A 3x3 convolution of 4 groups as 4 convolutions."""
    parts = zip(x.chunk(4, 1), weight.chunk(4, 0), strict=True)
    return torch.cat([F.conv2d(part, kernel, stride=stride, padding=1) for part, kernel in parts], 1)


def pooled(x: Tensor) -> Tensor:
    """3x3 average pooling at stride 2, zeros around the image counted."""
    padded = F.pad(x, (1, 1, 1, 1))
    rows, columns = x.shape[2], x.shape[3]
    shifts = [padded[:, :, i : i + rows : 2, j : j + columns : 2] for i in range(3) for j in range(3)]
    return torch.stack(shifts).sum(0) / 9


def plain_basic(state: State, x: Tensor, stride: int, activation: str) -> Tensor:
    act = ACTIVATIONS[activation]
    first = act(norm(state, "norm1", x))
    second = act(norm(state, "norm2", F.conv2d(first, state["conv1.weight"], stride=stride, padding=1)))
    out = F.conv2d(second, state["conv2.weight"], padding=1)
    if "shortcut.weight" not in state:
        return x + out
    return F.conv2d(first, state["shortcut.weight"], stride=stride) + out


def plain_robust(state: State, x: Tensor, stride: int, activation: str) -> Tensor:
    act = ACTIVATIONS[activation]
    chunks = act(norm(state, "norm2", F.conv2d(x, state["conv1.weight"]))).chunk(8, 1)
    outputs: list[Tensor] = []
    for i in range(7):
        before = outputs[i - 1] if stride == 1 and i > 0 else 0
        convolved = grouped(state[f"scales.{i}.conv.weight"], chunks[i] + before, stride)
        outputs.append(act(norm(state, f"scales.{i}.norm", convolved)))
    outputs.append(chunks[7] if stride == 1 else pooled(chunks[7]))
    out = F.conv2d(torch.cat(outputs, 1), state["conv3.weight"])
    shortcut = x
    if "shortcut.weight" in state:
        shortcut = F.conv2d(act(norm(state, "norm1", x)), state["shortcut.weight"], stride=stride)
    normed = norm(state, "attention.norm", out)
    squeezed = (normed.mean((2, 3)) @ state["attention.squeeze.weight"].T).clamp(min=0)
    gates = 1 / (1 + torch.exp(-squeezed @ state["attention.excite.weight"].T))
    return out + shortcut + normed * gates[:, :, None, None]


CASES = [
    pytest.param(BasicBlock, plain_basic, 6, 6, 1, False, id="basic, identity"),
    pytest.param(BasicBlock, plain_basic, 4, 6, 1, True, id="basic, more channels"),
    pytest.param(BasicBlock, plain_basic, 6, 6, 2, True, id="basic, stride 2"),
    pytest.param(RobustBlock, plain_robust, 64, 16, 1, False, id="robust, identity"),
    pytest.param(RobustBlock, plain_robust, 5, 33, 1, True, id="robust, more channels"),
    pytest.param(RobustBlock, plain_robust, 64, 16, 2, True, id="robust, stride 2"),
]


@pytest.mark.parametrize("activation", ["relu", "silu"])
@pytest.mark.parametrize(("block", "plain", "inputs", "width", "stride", "projected"), CASES)
def test_a_block_does_what_its_plain_form_does(block, plain, inputs, width, stride, projected, activation) -> None:
    module = filled(block(inputs, width, stride, getattr(F, activation)))
    state = module.state_dict()
    assert ("shortcut.weight" in state) == projected
    x = torch.randn(2, inputs, 7, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(module(x), plain(state, x, stride, activation), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("inputs", "used"), [(64, False), (16, True)], ids=["identity", "projection"])
def test_the_first_normalisation_of_a_robust_block_serves_the_projection_only(inputs: int, used: bool) -> None:
    module = filled(RobustBlock(inputs, 16, 1, F.relu))
    module(
        torch.randn(1, inputs, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ).sum().backward()
    without_gradient = {name for name, value in module.named_parameters() if value.grad is None}
    assert without_gradient == (set() if used else {"norm1.weight", "norm1.bias"})
