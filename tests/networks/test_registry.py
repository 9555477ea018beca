from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cell_cost import cell_cost
from rcnas_zoo.networks.cells import CellNetwork
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


@pytest.mark.parametrize(
    ("name", "module", "cost"),
    [("wrn-10-1", ResidualNetwork, residual_cost), ("advrush-1@4", CellNetwork, cell_cost)],
)
def test_a_spec_becomes_a_network_of_its_kind(name: str, module: type, cost: Any) -> None:
    spec = named_spec(name, DIGITS)
    assert isinstance(kind_of(spec).module(spec), module)
    assert kind_of(spec).cost is cost


@pytest.mark.parametrize("use", [kind_of, build, cost])
def test_an_unknown_kind_is_refused_with_its_nearest_neighbour(use: Any) -> None:
    with pytest.raises(InvalidInput, match=r"must be one of residual, .*, got 'residuals' \(did you mean 'residual'"):
        use(UnknownSpec())
