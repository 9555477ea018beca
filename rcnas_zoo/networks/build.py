"""From a spec to a module with fresh weights."""

import math

import torch
from torch import nn

from rcnas_zoo.networks.registry import kind_of
from rcnas_zoo.spec.network import NetworkSpec


def build(spec: NetworkSpec, seed: int = 0) -> nn.Module:
    """The network of a spec on the CPU, float32, in eval mode; equal seeds give equal weights.

    Convolutions are drawn from a normal distribution of standard deviation sqrt(2 / (k * k * output channels)), as
    the RobustResNet code does; linear weights are uniform as in torch, their biases 0. The module has the attribute
    ``spec`` and takes float images (N, C, H, W) in the spec's value range to logits (N, classes). The global random
    state is neither used nor changed.

    Raises:
        InvalidInput: a kind that cannot be built.
    """
    # Made without memory first, for torch's own initialisation would draw from the global random state. The memory
    # comes as a state dict, because `Module.to_empty` imports much of torch: a second in every new process.
    with torch.device("meta"):
        module = kind_of(spec).module(spec)
    shapes = module.state_dict()
    memory = {name: torch.zeros(like.shape, dtype=like.dtype, device="cpu") for name, like in shapes.items()}
    module.load_state_dict(memory, assign=True)
    generator = torch.Generator("cpu").manual_seed(seed)
    for layer in module.modules():
        _initialise(layer, generator)
    return module.eval()


def _initialise(layer: nn.Module, generator: torch.Generator) -> None:
    if isinstance(layer, nn.Conv2d):
        outputs, _, height, width = layer.weight.shape
        nn.init.normal_(layer.weight, std=math.sqrt(2 / (height * width * outputs)), generator=generator)
    elif isinstance(layer, nn.Linear):
        nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        layer.reset_parameters()
