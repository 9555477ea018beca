"""HARP: each layer's share is learnt together with its mask, under a term that holds all of them to one target.

Zhao and Wressnegger, "Holistic Adversarially Robust Pruning" (ICLR 2023).
"""

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.pruning.scores import LevelledScores
from rcnas_zoo.pruning.straight_through import kept_count
from rcnas_zoo.pruning.target import Target
from rcnas_zoo.spec.canonical import canonical_json

LEAST_SHARE = 0.1
"""The smallest share of a layer, as a share of the target's."""
FIRST_SHARE = 0.1
"""The share that every layer starts with, or the target's where that is larger."""
TOLERANCE = 0.01
"""How far above its target a network may be whose epoch counts as the best."""
_REACHED = 5e-5
_SHIFT = 20.0


def levelled(scores: Tensor, target: Target) -> LevelledScores:
    """The scores of one layer or group, at the share that HARP starts from."""
    return LevelledScores(scores, max(FIRST_SHARE, target.share), LEAST_SHARE * target.share)


class ResourceTerm(nn.Module):
    """gamma max(0, used / limit - 1), a constraint; its state is in buffers.

    gamma grows by its first value after every epoch, and stays from the epoch on in which the excess is 0.0000.

    Attributes:
        gamma: the weight of the term, a scalar buffer.
        settled: whether gamma stays, a scalar buffer.
        identity: see `Constraint`.
    """

    gamma: Tensor
    settled: Tensor

    def __init__(self, sources: dict[str, LevelledScores], target: Target, gamma: float) -> None:
        super().__init__()
        # Not registered: the scores belong to the layers that they mask.
        self._sources, self._target, self._first = dict(sources), target, gamma
        self.identity = canonical_json(["harp", target.unit, target.limit, gamma])
        self.register_buffer("gamma", torch.tensor(gamma))
        self.register_buffer("settled", torch.tensor(False))

    def penalty(self) -> Tensor:
        """See `Constraint.penalty`."""
        return self.gamma * self.excess().clamp(min=0)

    def excess(self) -> Tensor:
        """What is used over the limit, less 1: a scalar with a graph to the levels."""
        return used(self._target, {name: each.share() for name, each in self._sources.items()}) / self._target.limit - 1

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """The excess, and gamma."""
        return {"resource_excess": float(self.excess()), "resource_weight": float(self.gamma)}

    @torch.no_grad()
    def holds(self) -> bool:
        """Whether the target is reached."""
        return float(self.excess()) <= TOLERANCE

    @torch.no_grad()
    def close_epoch(self, epoch: int) -> None:
        """See `Constraint.close_epoch`."""
        if float(self.excess()) < _REACHED:
            self.settled.fill_(True)
        if not self.settled:
            self.gamma += self._first


def used(target: Target, shares: dict[str, Tensor]) -> Tensor:
    """What a network with these shares has of the target's unit, as if layers had fractions of weights or channels."""
    if target.structure == "channels":
        groups = channel_groups(target.spec)
        outputs = {layer: shares[group.name] for group in groups for layer in group.writers}
        inputs = {layer: shares[group.name] for group in groups for layer in group.readers}
        terms = [
            each.macs * outputs.get(each.name, 1.0) * inputs.get(each.name, 1.0) for each in layers_of(target.spec)
        ]
    else:
        prices = {each.name: each.macs if target.unit == "macs" else each.weights for each in layers_of(target.spec)}
        terms = [prices[name] * share for name, share in shares.items()]
    return torch.stack([torch.as_tensor(term, dtype=torch.float32) for term in terms]).sum()


@torch.no_grad()
def settled_counts(sources: dict[str, LevelledScores], target: Target) -> dict[str, int]:
    """What is kept of each layer or group in the end.

    Departure: the paper trusts its term to bring the network to the target, which a short training may miss. Here all
    levels are moved by one number, so that the network has as much as the limit allows; the order of shares stays.
    """
    sizes = target.sizes()

    def counts(shift: float) -> dict[str, int]:
        shares = {
            name: each.least + (1 - each.least) * float(torch.sigmoid(each.level.double() + shift))
            for name, each in sources.items()
        }
        return {name: max(1, kept_count(share, sizes[name])) for name, share in shares.items()}

    return target.most(counts, -_SHIFT, _SHIFT)
