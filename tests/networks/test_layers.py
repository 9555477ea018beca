from hypothesis import given, settings

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.networks.registry import kind_of
from rcnas_zoo.networks.tracing import traced_layers

from .specs import SPECS


@settings(deadline=None, max_examples=25)
@given(SPECS)
def test_the_layers_counted_by_formula_are_those_found_in_the_module(spec):
    counted = {layer.name: layer for layer in layers_of(spec)}
    found = {layer.name: layer for layer in traced_layers(lambda: kind_of(spec).module(spec), spec.input.shape)}
    assert counted == found
    assert sum(layer.macs for layer in counted.values()) == cost(spec).macs
