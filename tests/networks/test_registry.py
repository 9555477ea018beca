from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.networks.registry import kind_of
from rcnas_zoo.networks.residual import ResidualNetwork
from rcnas_zoo.networks.residual_cost import residual_cost
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec, NetworkSpec

from .specs import DIGITS


@dataclass(frozen=True)
class UnknownSpec(NetworkSpec):
    kind: ClassVar[str] = "residuals"
    input: InputSpec = DIGITS
    classes: int = 2

    def body(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_body(cls, input: InputSpec, classes: int, body: dict[str, Any]) -> "UnknownSpec":
        return cls(input, classes)


def test_a_residual_spec_becomes_a_residual_network() -> None:
    spec = named_spec("wrn-10-1", DIGITS)
    assert isinstance(kind_of(spec).module(spec), ResidualNetwork)
    assert kind_of(spec).cost is residual_cost


@pytest.mark.parametrize("use", [kind_of, build, cost])
def test_an_unknown_kind_is_refused_with_its_nearest_neighbour(use: Any) -> None:
    with pytest.raises(InvalidInput, match=r"must be one of residual, got 'residuals' \(did you mean 'residual'"):
        use(UnknownSpec())
