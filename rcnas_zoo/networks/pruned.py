"""Pruned networks: their modules, layers and cost, from those of their base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.counting import Cost, Layer
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec

if TYPE_CHECKING:
    from torch import nn


def pruned_module(spec: PrunedSpec, base: nn.Module) -> nn.Module:
    """The module of a pruned spec, made of the base's: its layers become smaller if channels were removed.

    Names of parameters are the base's. Of unstructured pruning the module does not know: its zeros are in the weights.

    Raises:
        InvalidInput: channels that the base does not have, or more kept than there are.
    """
    from rcnas_zoo.networks.shrinking import shrink

    if not isinstance(spec.kept, KeptWeights):
        shrink(base, channel_groups(spec.base), kept_channels(spec))
    base.spec = spec  # type: ignore[assignment]
    return base


def kept_channels(spec: PrunedSpec) -> dict[str, int]:
    """Channels that stay of every group of the base, also of those that are whole."""
    sizes = {group.name: group.size for group in channel_groups(spec.base)}
    _check_kept("channels", dict(spec.kept.layers), sizes)
    return {**sizes, **dict(spec.kept.layers)}


def pruned_layers(spec: PrunedSpec, base: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers of a pruned network as they are built, from those of its base."""
    if isinstance(spec.kept, KeptWeights):
        return tuple(base)
    kept, groups = kept_channels(spec), channel_groups(spec.base)
    outputs = {layer: kept[group.name] for group in groups for layer in group.writers}
    inputs = {layer: kept[group.name] for group in groups for layer in group.readers}
    return tuple(
        replace(
            layer,
            shape=(
                outputs.get(layer.name, layer.shape[0]),
                inputs.get(layer.name, layer.shape[1]),
                *layer.shape[2:],
            ),
        )
        for layer in base
    )


def pruned_cost(spec: PrunedSpec, whole: Cost, base: Sequence[Layer]) -> Cost:
    """Effective parameters and MACs: kept weights, each times the positions it is used at, and what is not masked.

    Of a network pruned by channels these are the numbers of the small network that is built.

    Args:
        spec: the network.
        whole: what its base costs.
        base: the layers of its base.

    Raises:
        InvalidInput: layers that the base does not have, or more kept than there is.
    """
    positions = {layer.name: layer.positions for layer in base}
    sizes = {layer.name: layer.weights for layer in base}
    if isinstance(spec.kept, KeptWeights):
        kept, rows = dict(spec.kept.layers), 0
        _check_kept("weights", kept, sizes)
    else:
        kept, rows = {layer.name: layer.weights for layer in pruned_layers(spec, base)}, _removed_rows(spec)
    removed = {name: sizes[name] - number for name, number in kept.items()}
    return Cost(
        whole.parameters - sum(removed.values()) - rows,
        whole.macs - sum(number * positions[name] for name, number in removed.items()),
    )


def _removed_rows(spec: PrunedSpec) -> int:
    """Scales and shifts of normalisations that went with their channels."""
    kept = kept_channels(spec)
    return sum(2 * len(group.norms) * (group.size - kept[group.name]) for group in channel_groups(spec.base))


def _check_kept(what: str, kept: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    for name, number in kept.items():
        if name not in sizes:
            raise InvalidInput(f"a pruned spec must name {what} of its base, got {name!r}; it has {', '.join(sizes)}")
        if number > sizes[name]:
            raise InvalidInput(f"the kept {what} of {name} must be at most {sizes[name]}, got {number}")
