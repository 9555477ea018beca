"""Removing channels: layers of a module become smaller, and weights lose their rows and columns."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.channel_groups import ChannelGroup


def shrink(module: nn.Module, groups: Iterable[ChannelGroup], kept: Mapping[str, int]) -> None:
    """Makes every layer of these groups as small as the channels that stay; new layers are not initialised.

    Args:
        module: changed in place.
        groups: the groups of its channels.
        kept: channels that stay of each group.
    """
    groups = tuple(groups)
    outputs = {layer: kept[group.name] for group in groups for layer in group.writers}
    inputs = {layer: kept[group.name] for group in groups for layer in group.readers}
    for name in {**outputs, **inputs}:
        layer = module.get_submodule(name)
        _replace(module, name, _resized(layer, inputs.get(name), outputs.get(name)))
    for group in groups:
        for name in group.norms:
            _replace(module, name, nn.BatchNorm2d(kept[group.name]))


def shrunk_state(
    state: Mapping[str, Tensor], groups: Iterable[ChannelGroup], kept: Mapping[str, Sequence[int]]
) -> dict[str, Tensor]:
    """The state of the small network.

    Args:
        state: state dict of the whole network, on the CPU.
        groups: the groups of its channels.
        kept: places of the channels that stay of each group, ascending.
    """
    small = dict(state)
    for group in groups:
        places = torch.tensor(kept[group.name])
        for name, dimension in _tensors(group, small):
            small[name] = small[name].index_select(dimension, places)
    return small


def _tensors(group: ChannelGroup, state: Mapping[str, Tensor]) -> Iterable[tuple[str, int]]:
    """The tensors that hold channels of a group, each with the dimension that counts them."""
    for layer in (*group.writers, *group.norms):
        yield from ((name, 0) for name in state if name.rpartition(".")[0] == layer and state[name].ndim)
    yield from ((f"{layer}.weight", 1) for layer in group.readers)


def _resized(layer: nn.Module, inputs: int | None, outputs: int | None) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return nn.Linear(inputs or layer.in_features, outputs or layer.out_features, bias=layer.bias is not None)
    assert isinstance(layer, nn.Conv2d)
    return nn.Conv2d(
        inputs or layer.in_channels,
        outputs or layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        bias=layer.bias is not None,
    )


def _replace(module: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, layer)
