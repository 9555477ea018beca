"""The weighted layers of a spec."""

from functools import lru_cache

from rcnas_zoo.networks.counting import Layer
from rcnas_zoo.networks.registry import layers_by_kind
from rcnas_zoo.spec.network import NetworkSpec

__all__ = ["Layer", "layers_of"]


@lru_cache(maxsize=256)
def layers_of(spec: NetworkSpec) -> tuple[Layer, ...]:
    """The convolutions and linear layers of a network, each with its weight's shape and its uses on one image.

    Raises:
        InvalidInput: a kind that cannot be built.
    """
    return layers_by_kind(spec)
