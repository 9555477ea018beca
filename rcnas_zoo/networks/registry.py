"""Every kind of network, with the module that it becomes and the function that counts its cost.

A new kind is one more line in the table. Modules are imported when they are asked for, so that a cost can be had
without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rcnas_zoo.networks.cell_cost import cell_cost
from rcnas_zoo.networks.counting import Cost, Layer
from rcnas_zoo.networks.pruned import pruned_cost, pruned_layers, pruned_module
from rcnas_zoo.networks.residual_cost import residual_cost
from rcnas_zoo.networks.residual_layers import residual_layers
from rcnas_zoo.spec.cells import CellSpec
from rcnas_zoo.spec.errors import unknown_choice
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruned import PrunedSpec
from rcnas_zoo.spec.residual import ResidualSpec

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class NetworkKind:
    """What this room knows of one kind of spec.

    Attributes:
        module: the module of a spec, its parameters not yet initialised.
        cost: parameters and MACs of a spec, without making the module.
        layers: its convolutions and linear layers, likewise; None for a kind whose module is looked at instead.
    """

    module: Callable[[Any], nn.Module]
    cost: Callable[[Any], Cost]
    layers: Callable[[Any], tuple[Layer, ...]] | None = None


def _residual_module(spec: ResidualSpec) -> nn.Module:
    from rcnas_zoo.networks.residual import ResidualNetwork

    return ResidualNetwork(spec)


def _cell_module(spec: CellSpec) -> nn.Module:
    from rcnas_zoo.networks.cells import CellNetwork

    return CellNetwork(spec)


def _pruned_module(spec: PrunedSpec) -> nn.Module:
    return pruned_module(spec, kind_of(spec.base).module(spec.base))


def _pruned_cost(spec: PrunedSpec) -> Cost:
    return pruned_cost(spec, kind_of(spec.base).cost(spec.base), layers_by_kind(spec.base))


def _pruned_layers(spec: PrunedSpec) -> tuple[Layer, ...]:
    return pruned_layers(spec, layers_by_kind(spec.base))


_KINDS = {
    ResidualSpec.kind: NetworkKind(_residual_module, residual_cost, residual_layers),
    CellSpec.kind: NetworkKind(_cell_module, cell_cost),
    PrunedSpec.kind: NetworkKind(_pruned_module, _pruned_cost, _pruned_layers),
}


def kind_of(spec: NetworkSpec) -> NetworkKind:
    """The entry for a spec.

    Raises:
        InvalidInput: a kind that cannot be built.
    """
    if spec.kind not in _KINDS:
        raise unknown_choice("the kind of a network to build", spec.kind, _KINDS)
    return _KINDS[spec.kind]


def layers_by_kind(spec: NetworkSpec) -> tuple[Layer, ...]:
    """The convolutions and linear layers of a spec: counted by its kind, or found in its module."""
    kind = kind_of(spec)
    if kind.layers is not None:
        return kind.layers(spec)
    from rcnas_zoo.networks.tracing import traced_layers

    return traced_layers(lambda: kind.module(spec), spec.input.shape)
