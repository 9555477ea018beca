"""Specs of pruned networks: a base of another kind, and what was kept of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from rcnas_zoo.spec.canonical import check_fields, check_integer, check_mapping, check_text
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.network import InputSpec, NetworkSpec, network_kind

_SHA256 = re.compile("[0-9a-f]{64}")
_LAYER = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
MOST = 1 << 40

PerLayer: TypeAlias = tuple[tuple[str, int], ...]
"""Numbers by the name of a layer, sorted by name."""


def per_layer(numbers: Mapping[str, int]) -> PerLayer:
    """Numbers by layer in their frozen form."""
    return tuple(sorted(numbers.items()))


@dataclass(frozen=True)
class KeptWeights:
    """Unstructured pruning: single weights are zero, tensors keep their shape.

    The mask lies in the stored weights: a weight of a masked layer was kept if it is not zero.

    Attributes:
        layers: kept weights of each masked layer, by the layer's name (of its module).
        mask: sha256 of the packed mask bits, see `rcnas_zoo.networks.masks`.

    Raises:
        InvalidInput: no layer, a negative number, a name that is none, or a mask that is no sha256.
    """

    layers: PerLayer
    mask: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _checked("the kept weights", self.layers, 0))
        if not _SHA256.fullmatch(check_text("the mask of a pruned spec", self.mask)):
            raise InvalidInput(f"the mask of a pruned spec must be a sha256 in hex, got {shortened(self.mask)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"weights": dict(self.layers), "mask": self.mask}


@dataclass(frozen=True)
class KeptChannels:
    """Channel pruning: tensors really are smaller.

    Attributes:
        layers: kept channels of each group of channels, by the name of the layer that first puts them out; groups that
            are not named are whole. See `rcnas_zoo.networks.channel_groups`.

    Raises:
        InvalidInput: no group, a number below 1, or a name that is none.
    """

    layers: PerLayer

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _checked("the kept channels", self.layers, 1))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"channels": dict(self.layers)}


@network_kind
@dataclass(frozen=True)
class PrunedSpec(NetworkSpec):
    """A base network of which a part was removed; input and classes are the base's.

    Raises:
        InvalidInput: a base that is pruned itself, or other input or classes than the base's.
    """

    kind: ClassVar[str] = "pruned"

    input: InputSpec
    classes: int
    base: NetworkSpec
    kept: KeptWeights | KeptChannels

    def __post_init__(self) -> None:
        if isinstance(self.base, PrunedSpec):
            raise InvalidInput("the base of a pruned spec must not be pruned itself, got kind 'pruned'")
        if (self.input, self.classes) != (self.base.input, self.base.classes):
            raise InvalidInput("a pruned spec must have the input and classes of its base, got others")

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def of(cls, base: NetworkSpec, kept: KeptWeights | KeptChannels) -> "PrunedSpec":
        """The base with only this much kept."""
        return cls(base.input, base.classes, base, kept)

    def body(self) -> dict[str, Any]:
        """See `NetworkSpec.body`."""
        return {"base": self.base.to_dict(), "kept": self.kept.to_dict()}

    @classmethod
    def from_body(cls, input: InputSpec, classes: int, body: dict[str, Any]) -> "PrunedSpec":
        """See `NetworkSpec.from_body`."""
        found = check_fields(body, "a pruned spec", ["base", "kept"])
        base = found["base"]
        # Looked at first, so that a text that nests specs deeply is refused at its first level.
        if isinstance(base, dict) and base.get("kind") == cls.kind:
            raise InvalidInput("the base of a pruned spec must not be pruned itself, got kind 'pruned'")
        return cls(input, classes, NetworkSpec.from_dict(base), _kept(found["kept"]))


def _kept(data: object) -> KeptWeights | KeptChannels:
    if isinstance(data, dict) and "channels" in data:
        found = check_fields(data, "what a pruned spec keeps", ["channels"])
        return KeptChannels(per_layer(check_mapping("the kept channels", found["channels"])))
    found = check_fields(data, "what a pruned spec keeps", ["weights", "mask"])
    return KeptWeights(per_layer(check_mapping("the kept weights", found["weights"])), found["mask"])


def _checked(what: str, layers: Iterable[tuple[str, int]], low: int) -> PerLayer:
    found = dict(layers)
    if not found:
        raise InvalidInput(f"{what} of a pruned spec must name at least one layer, got none")
    for name, number in found.items():
        if not _LAYER.fullmatch(check_text("the name of a layer", name)):
            raise InvalidInput(f"the name of a layer must be words joined by dots, got {shortened(name)}")
        check_integer(f"{what} of {name}", number, low, MOST)
    return per_layer(found)
