"""Pruned networks: what they cost is what their modules hold and do."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.cost import cost, nominal_cost
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.networks.masks import kept_weights
from rcnas_zoo.networks.shrinking import shrunk_state
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruned import KeptChannels, KeptWeights, PrunedSpec, per_layer
from rcnas_zoo.spec.residual import ResidualSpec, StageSpec

from .specs import DIGITS, SPECS, count_macs, count_parameters

BASE = ResidualSpec(DIGITS, 10, (StageSpec(2, 6), StageSpec(1, 8, stride=2), StageSpec(2, 8)), stem_width=6)
NO_MASK = "0" * 64


def all_basic(spec):
    return all(stage.block == "basic" for stage in spec.stages)


def image_of(spec):
    return torch.rand(1, *spec.input.shape, generator=torch.Generator().manual_seed(0))


@settings(deadline=None, max_examples=25)
@given(SPECS, st.data())
def test_a_network_with_fewer_channels_costs_what_its_module_holds_and_does(base, data):
    assume(all_basic(base))
    kept = {group.name: data.draw(st.integers(1, group.size)) for group in channel_groups(base)}
    spec = PrunedSpec.of(base, KeptChannels(per_layer(kept)))
    module = build(spec)
    assert module.spec == spec
    assert cost(spec).parameters == count_parameters(module)
    assert cost(spec).macs == count_macs(module, image_of(spec))
    assert nominal_cost(spec) == cost(spec)


@settings(deadline=None, max_examples=25)
@given(SPECS, st.data())
def test_effective_cost_is_that_of_the_weights_that_are_not_zero(base, data):
    module = build(base)
    names = [layer.name for layer in layers_of(base)]
    masked = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    with torch.no_grad():
        for name in masked:
            weight = module.get_submodule(name).weight
            weight[torch.rand(weight.shape, generator=generator) < 0.7] = 0
    spec = PrunedSpec.of(base, kept_weights(module.state_dict(), masked))
    zeros = {name: int((module.get_submodule(name).weight == 0).sum()) for name in masked}
    positions = {layer.name: layer.positions for layer in layers_of(base)}
    assert cost(spec).parameters == count_parameters(module) - sum(zeros.values())
    removed = sum(number * positions[name] for name, number in zeros.items())
    assert cost(spec).macs == count_macs(module, image_of(base)) - removed
    assert nominal_cost(spec) == cost(base)


def test_a_channel_that_nobody_reads_can_go_and_nothing_changes():
    generator = torch.Generator().manual_seed(0)
    whole = build(BASE, seed=1)
    groups = channel_groups(BASE)
    kept = {g.name: sorted(torch.randperm(g.size, generator=generator)[: g.size // 2].tolist()) for g in groups}
    with torch.no_grad():
        for parameter in whole.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        for buffer in whole.buffers():
            if buffer.is_floating_point():
                buffer.add_(torch.rand(buffer.shape, generator=generator))
        for group in groups:
            gone = [place for place in range(group.size) if place not in kept[group.name]]
            for name in group.readers:
                whole.get_submodule(name).weight[:, gone] = 0
    small = build(PrunedSpec.of(BASE, KeptChannels(per_layer({name: len(kept[name]) for name in kept}))))
    small.load_state_dict(shrunk_state(whole.state_dict(), groups, kept))
    images = torch.rand(4, *BASE.input.shape, generator=generator)
    assert count_parameters(small) < 0.4 * count_parameters(whole)
    torch.testing.assert_close(small(images), whole(images))


def test_groups_hold_every_channel_of_a_network_once():
    module = build(BASE)
    groups = channel_groups(BASE)
    written = [layer for group in groups for layer in group.writers]
    read = [layer for group in groups for layer in group.readers]
    norms = [layer for group in groups for layer in group.norms]
    layers = {layer.name for layer in layers_of(BASE)}
    assert sorted(written) == sorted(layers - {"classifier"})
    assert sorted(read) == sorted(layers - {"stem"})
    assert sorted(norms) == sorted(n for n, m in module.named_modules() if isinstance(m, torch.nn.BatchNorm2d))


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (KeptWeights((("stam", 3),), NO_MASK), "must name weights of its base"),
        (KeptWeights((("stem", 55),), NO_MASK), "at most 54"),
        (KeptChannels((("classifier", 3),)), "must name channels of its base"),
        (KeptChannels((("stem", 7),)), "at most 6"),
    ],
)
def test_more_than_there_is_cannot_be_kept(kept, words):
    with pytest.raises(InvalidInput, match=words):
        cost(PrunedSpec.of(BASE, kept))


def test_robust_blocks_are_pruned_by_weights_alone():
    base = ResidualSpec(DIGITS, 10, (StageSpec(1, 16, block="robust"),))
    with pytest.raises(InvalidInput, match="prune its weights"):
        cost(PrunedSpec.of(base, KeptChannels((("stem", 3),))))
