"""The contract of every named architecture, on torch's meta device: shapes are real, numbers take no memory."""

import pytest
import torch

from rcnas_zoo.networks.cell_names import cell_network_names
from rcnas_zoo.networks.cost import Cost, cost
from rcnas_zoo.networks.genotypes import GENOTYPES
from rcnas_zoo.networks.named import architecture_names, named_spec
from rcnas_zoo.networks.registry import kind_of
from rcnas_zoo.spec.network import NetworkSpec

from .specs import DIGITS, count_macs, count_parameters

NAMES = [*architecture_names(), *cell_network_names()]


def on_meta(spec: NetworkSpec) -> torch.nn.Module:
    with torch.device("meta"):
        return kind_of(spec).module(spec).eval()


@pytest.mark.parametrize("name", NAMES)
def test_the_module_has_the_cost_of_its_spec(name: str) -> None:
    spec = named_spec(name)
    module = on_meta(spec)
    image = torch.empty(1, *spec.input.shape, device="meta")
    assert Cost(count_parameters(module), count_macs(module, image)) == cost(spec)


@pytest.mark.parametrize("name", [*architecture_names(), *(f"{name}-1@6" for name in GENOTYPES)])
def test_any_number_of_channels_and_classes_is_taken(name: str) -> None:
    images = torch.empty(2, *DIGITS.shape, device="meta")
    assert on_meta(named_spec(name, DIGITS, 23))(images).shape == (2, 23)


@pytest.mark.parametrize("name", NAMES)
def test_the_spec_survives_its_json(name: str) -> None:
    spec = named_spec(name)
    assert NetworkSpec.from_json(spec.to_json()) == spec
