"""What a network costs, from its spec alone: no module is made, no torch is needed."""

from functools import lru_cache
from typing import Any

from rcnas_zoo.networks.counting import Cost
from rcnas_zoo.networks.registry import kind_of
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.pruned import KeptWeights, PrunedSpec

__all__ = ["Cost", "cost", "nominal_cost", "stated_cost"]


@lru_cache(maxsize=1 << 16)
def cost(spec: NetworkSpec) -> Cost:
    """Parameters, and multiply-accumulates of convolutions and linear layers for one image of the spec's input size.

    What the field prints as "FLOPs" are these MACs, by some counters with up to 0.7 % more for normalisation and
    pooling (RobustResNet-A1: 5.08 G here, 5.11 G published).

    Of a network with single weights pruned these are the effective numbers, which zeros do not add to; see
    `nominal_cost`.

    Raises:
        InvalidInput: a kind that cannot be built.
    """
    return kind_of(spec).cost(spec)


def stated_cost(spec: NetworkSpec) -> dict[str, Any]:
    """What a record says of the cost of a network: ``parameters`` and ``macs``, with the nominal ones (else 0)."""
    true, nominal = cost(spec), nominal_cost(spec)
    extra = nominal if nominal != true else Cost(0, 0)
    return {
        "parameters": true.parameters,
        "macs": true.macs,
        "nominal_parameters": extra.parameters,
        "nominal_macs": extra.macs,
    }


def nominal_cost(spec: NetworkSpec) -> Cost:
    """What a machine computes that does not pass over zeros: of a network with single weights pruned, its base's cost.

    Raises:
        InvalidInput: a kind that cannot be built.
    """
    if isinstance(spec, PrunedSpec) and isinstance(spec.kept, KeptWeights):
        return cost(spec.base)
    return cost(spec)
