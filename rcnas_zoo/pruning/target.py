"""What a pruning must come to: a kept share, what it is counted in, and how much of that there may be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.pruning.straight_through import kept_count
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruned import KeptChannels, KeptWeights, PrunedSpec, per_layer
from rcnas_zoo.spec.pruning import PruningRecipe

Counts = Mapping[str, int]
"""Kept weights by layer, or kept channels by group."""

_HALVINGS = 60
_ANY_MASK = "0" * 64


@dataclass(frozen=True)
class Target:
    """What is to be kept.

    Attributes:
        spec: the network that is pruned.
        structure: ``weights`` or ``channels``.
        share: kept of each layer or group, where all are treated alike.
        unit: ``weights`` or ``macs``: what ``limit`` is counted in.
        limit: how much of it the pruned network may have; methods with a share of its own for each layer come close
            to it from below.
    """

    spec: NetworkSpec
    structure: str
    share: float
    unit: str
    limit: int

    def sizes(self) -> dict[str, int]:
        """All weights by layer, or all channels by group."""
        if self.structure == "channels":
            return {group.name: group.size for group in channel_groups(self.spec)}
        return {layer.name: layer.weights for layer in layers_of(self.spec)}

    def uniform(self, share: float | None = None) -> dict[str, int]:
        """The same share (default the target's) of every layer or group, of each at least one."""
        wanted = self.share if share is None else share
        return {name: max(1, kept_count(wanted, size)) for name, size in self.sizes().items()}

    def used(self, counts: Counts) -> int:
        """How much of its unit a network has with this much kept."""
        return sum(counts.values()) if self.unit == "weights" else cost(self.pruned(counts)).macs

    def pruned(self, counts: Counts, mask: str = _ANY_MASK) -> PrunedSpec:
        """The spec of the network with this much kept."""
        layers = per_layer(dict(counts))
        kept = KeptChannels(layers) if self.structure == "channels" else KeptWeights(layers, mask)
        return PrunedSpec.of(self.spec, kept)

    def most(self, counts: Callable[[float], dict[str, int]], low: float, high: float) -> dict[str, int]:
        """The most that is within the limit among ``counts(t)``, which grow with t in [low, high]."""
        return counts(largest(lambda t: self.used(counts(t)) <= self.limit, low, high))


def largest(fits: Callable[[float], bool], low: float, high: float) -> float:
    """The largest number in [low, high], as far as floats tell, of which ``fits`` holds; low if it holds of none."""
    if fits(high):
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def target_of(spec: NetworkSpec, recipe: PruningRecipe) -> Target:
    """The target of a recipe on a network.

    Raises:
        InvalidInput: a budget that nothing is pruned for, or that the least that can be kept is above; a network
            whose channels cannot be pruned.
    """
    if recipe.macs:
        return _within(spec, recipe)
    unit = recipe.structure if recipe.structure == "weights" else "macs"
    target = Target(spec, recipe.structure, recipe.keep, unit, 0)
    return Target(spec, recipe.structure, recipe.keep, unit, target.used(target.uniform()))


def _within(spec: NetworkSpec, recipe: PruningRecipe) -> Target:
    target = Target(spec, recipe.structure, 0.0, "macs", recipe.macs)
    least, whole = target.used(target.uniform()), cost(spec).macs
    if not least <= recipe.macs < whole:
        raise InvalidInput(
            f"the budget of a pruning by {recipe.structure} must be at least {format_macs(least)} and below the "
            f"{format_macs(whole)} MACs of the network, got {format_macs(recipe.macs)}; take another budget or network"
        )
    share = largest(lambda share: target.used(target.uniform(share)) <= recipe.macs, 0.0, 1.0)
    return Target(spec, recipe.structure, share, "macs", recipe.macs)
