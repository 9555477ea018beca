"""R-ADMM: weights are drawn to the nearest network that is pruned, and that network to them.

Ye et al., "Adversarial Robustness vs. Model Compression, or Both?" (ICCV 2019), with masks of single weights.
"""

import math

import torch
from torch import Tensor, nn

from rcnas_zoo.pruning.magnitude import top_masks
from rcnas_zoo.pruning.target import Counts
from rcnas_zoo.spec.canonical import canonical_json


class SplitTerm(nn.Module):
    """rho / 2 |W - Z + U|^2 over all layers, a constraint; its state is in buffers.

    After every ``period`` epochs Z becomes the projection of W + U (the largest weights of each layer), W - Z is added
    to U, and rho is multiplied with ``growth``. Departure: as rho grows, U shrinks by the same factor, as the scaled
    form of the method asks for (Boyd et al. 2011, section 3.4.1); the authors' code leaves U as it is.

    Attributes:
        rho: a scalar buffer.
        identity: see `Constraint`.
    """

    rho: Tensor

    def __init__(
        self, weights: dict[str, nn.Parameter], counts: Counts, rho: float, period: int, growth: float
    ) -> None:
        super().__init__()
        # Not registered: the weights belong to their layers.
        self._weights, self._counts, self._period, self._growth = dict(weights), dict(counts), period, growth
        self.identity = canonical_json(["r-admm", dict(counts), rho, period, growth])
        self.register_buffer("rho", torch.tensor(rho))
        projected = _projected({name: weight.detach() for name, weight in weights.items()}, counts)
        for place, (name, weight) in enumerate(weights.items()):
            self.register_buffer(f"z{place}", projected[name])
            self.register_buffer(f"u{place}", torch.zeros_like(weight))

    def penalty(self) -> Tensor:
        """See `Constraint.penalty`."""
        terms = [(weight - z + u).square().sum() for weight, z, u in self._triples()]
        return self.rho / 2 * torch.stack(terms).sum()

    @torch.no_grad()
    def gap(self) -> float:
        """|W - Z| / |W| over all layers."""
        triples = self._triples()
        apart = sum(float((weight - z).double().square().sum()) for weight, z, _ in triples)
        return math.sqrt(apart / sum(float(weight.double().square().sum()) for weight, _, _ in triples))

    def measure(self) -> dict[str, float]:
        """The gap, and rho."""
        return {"split_gap": self.gap(), "split_weight": float(self.rho)}

    def holds(self) -> bool:
        """Always: the last epoch is taken."""
        return True

    @torch.no_grad()
    def close_epoch(self, epoch: int) -> None:
        """See `Constraint.close_epoch`."""
        if epoch % self._period:
            return
        triples = self._triples()
        wanted = {name: weight + u for name, (weight, _, u) in zip(self._weights, triples, strict=True)}
        for (weight, z, u), nearest in zip(triples, _projected(wanted, self._counts).values(), strict=True):
            z.copy_(nearest)
            u.add_(weight - z).div_(self._growth)
        self.rho *= self._growth

    def _triples(self) -> list[tuple[nn.Parameter, Tensor, Tensor]]:
        """W, Z and U of each layer."""
        return [
            (weight, self.get_buffer(f"z{place}"), self.get_buffer(f"u{place}"))
            for place, weight in enumerate(self._weights.values())
        ]


def _projected(weights: dict[str, Tensor], counts: Counts) -> dict[str, Tensor]:
    masks = top_masks(weights, counts)
    return {name: weight * masks[name] for name, weight in weights.items()}
