"""The weighted layers of a module of any kind, found by one pass that computes nothing."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.counting import Layer


def traced_layers(make: Callable[[], nn.Module], shape: tuple[int, int, int]) -> tuple[Layer, ...]:
    """The convolutions and linear layers of a module, in its order; no memory is taken for its weights.

    The first call in a process takes seconds, in which torch loads what it knows of tensors without memory.

    Args:
        make: makes the module.
        shape: of one image.
    """
    with torch.device("meta"):
        module = make().eval()
        found = {name: each for name, each in module.named_modules() if isinstance(each, nn.Conv2d | nn.Linear)}
        uses = _uses(module, list(found.values()), torch.zeros(1, *shape))
    return tuple(Layer(name, tuple(layer.weight.shape), uses[layer]) for name, layer in found.items())


def _uses(module: nn.Module, layers: list[nn.Conv2d | nn.Linear], image: Tensor) -> dict[nn.Module, int]:
    uses: dict[nn.Module, int] = dict.fromkeys(layers, 0)

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        # The outputs of a convolution are (1, C, H, W), those of a linear layer (..., C).
        channels = output.shape[1] if isinstance(layer, nn.Conv2d) else output.shape[-1]
        uses[layer] += output.numel() // channels

    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.no_grad():
            module(image)
    finally:
        for hook in hooks:
            hook.remove()
    return uses
