"""What the methods keep, on a small network that is really trained."""

import copy
from functools import cache

import pytest
import torch
from torch import nn

from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.layers import layers_of
from rcnas_zoo.networks.masks import check_mask
from rcnas_zoo.pruning.admm import SplitTerm
from rcnas_zoo.pruning.methods import Learning, chosen_masks, learning, plain_state, pruned_network
from rcnas_zoo.pruning.scores import fix_masks, weight_of
from rcnas_zoo.spec.pruning import Stage

from .problems import SPEC, pretrained, recipe, target, trained_on

WEIGHTS = {layer.name: layer.weights for layer in layers_of(SPEC)}
GROUPS = {group.name: group.size for group in channel_groups(SPEC)}
LEARNT = {
    "hydra": recipe("hydra"),
    "harp": recipe("harp", penalty=0.3),
    "harp, MACs": recipe("harp", penalty=0.3, macs=20_000),
    "r-admm": recipe("r-admm", penalty=0.3, growth=2.5, period=2, prune=Stage(16, 0.05)),
    "hydra, channels": recipe("hydra", structure="channels", keep=0.5),
    "harp, channels": recipe("harp", structure="channels", keep=0.5, penalty=0.3),
}
CHOSEN = {
    "magnitude": recipe("magnitude"),
    "magnitude-global": recipe("magnitude-global"),
    "magnitude, channels": recipe("magnitude", structure="channels", keep=0.5),
}
START = cache(pretrained)


def start():
    return copy.deepcopy(START())


@cache
def learnt(name):
    """Model, learning and result of a second stage."""
    asked, model = LEARNT[name], start()
    found = learning(model, target(asked), asked)
    return model, found, trained_on(model, asked, found)


def masks_of(name):
    if name in CHOSEN:
        return chosen_masks(start(), target(CHOSEN[name]), CHOSEN[name])
    return learnt(name)[1].masks()


def counts(masks):
    return {name: int(mask.sum()) for name, mask in masks.items()}


@pytest.mark.parametrize("name", ["magnitude", "hydra", "r-admm"])
def test_every_layer_keeps_exactly_the_requested_share(name):
    zeros = {layer: size - counts(masks_of(name))[layer] for layer, size in WEIGHTS.items()}
    assert zeros == {layer: int((1 - 0.2) * size) for layer, size in WEIGHTS.items()}


@pytest.mark.parametrize("name", ["magnitude, channels", "hydra, channels"])
def test_every_group_keeps_exactly_the_requested_share_of_its_channels(name):
    assert counts(masks_of(name)) == {group: size // 2 for group, size in GROUPS.items()}


@pytest.mark.parametrize("name", ["harp", "magnitude-global"])
def test_the_whole_network_keeps_the_requested_share_and_layers_differ(name):
    kept = counts(masks_of(name))
    assert sum(kept.values()) == pytest.approx(0.2 * sum(WEIGHTS.values()), rel=0.01)
    shares = [kept[layer] / WEIGHTS[layer] for layer in WEIGHTS]
    assert max(shares) > 1.3 * min(shares)


@pytest.mark.parametrize(("name", "limit"), [("harp, MACs", 20_000), ("harp, channels", None)])
def test_harp_comes_close_to_its_macs_from_below(name, limit):
    aim = target(LEARNT[name])
    spec, _ = pruned_network(START().state_dict(), masks_of(name), aim)
    limit = limit or cost(aim.pruned(aim.uniform())).macs
    # A channel more or less of so small a network is a tenth of its MACs.
    assert (0.85 if aim.structure == "channels" else 0.99) * limit <= cost(spec).macs <= limit


def test_the_resource_term_brings_harp_itself_to_its_target():
    curve = learnt("harp")[2].curve
    assert abs(curve[-1]["resource_excess"]) < 0.05
    weights = [row["resource_weight"] for row in curve]
    assert weights[0] == pytest.approx(0.3)
    assert weights == sorted(weights)


def test_the_gap_of_r_admm_falls_below_one_percent():
    gaps = [row["split_gap"] for row in learnt("r-admm")[2].curve]
    assert gaps[0] > 0.05
    assert gaps[-1] < 0.01


@pytest.mark.parametrize("name", ["hydra", "harp", "hydra, channels"])
def test_scores_are_trained_in_place_of_weights(name):
    before, after = START().state_dict(), plain_state(learnt(name)[2].last)
    assert before.keys() == after.keys()
    for key, value in before.items():
        trained = "norm" in key
        assert torch.equal(value, after[key]) != trained, key


@pytest.mark.parametrize("name", ["hydra", "hydra, channels"])
def test_what_is_pruned_computes_what_was_trained(name):
    """The masked network before and the network that is built from its spec after: the same function."""
    asked, (model, found, result) = LEARNT[name], learnt(name)
    model.load_state_dict(result.best)
    spec, state = pruned_network(plain_state(model.state_dict()), found.masks(), target(asked))
    check_mask(spec, state)
    built = build(spec)
    built.load_state_dict(state)
    images = torch.rand(8, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(built(images), model.eval()(images))


@pytest.mark.parametrize("name", [*LEARNT, *CHOSEN])
def test_every_pruned_network_costs_what_it_should(name):
    asked = (LEARNT | CHOSEN)[name]
    spec, state = pruned_network(START().state_dict(), masks_of(name), target(asked))
    build(spec).load_state_dict(state)
    check_mask(spec, state)
    zeros = sum(int((value == 0).sum()) for key, value in state.items() if key.endswith("weight") and value.ndim > 1)
    held = sum(parameter.numel() for parameter in build(spec).parameters())
    assert cost(spec).parameters == held - zeros


def test_fixed_masks_keep_their_zeros_while_the_rest_is_trained():
    model, masks = start(), masks_of("magnitude")
    fix_masks(model, masks)
    trained_on(model, LEARNT["hydra"], Learning(None, dict))
    for name, mask in masks.items():
        assert torch.equal(weight_of(model, name) != 0, mask)
    _, state = pruned_network(plain_state(model.state_dict()), masks, target(CHOSEN["magnitude"]))
    assert torch.equal(state["stem.weight"], weight_of(model, "stem"))


def test_split_term_by_hand():
    weight = nn.Parameter(torch.tensor([3.0, -1.0, 0.5, 2.0]))
    term = SplitTerm({"layer": weight}, {"layer": 2}, rho=0.5, period=2, growth=2.0)
    # Z = (3, 0, 0, 2), U = 0: the gap is |(0, -1, 0.5, 0)|.
    assert term.penalty().item() == pytest.approx(0.25 * 1.25)
    assert term.gap() == pytest.approx((1.25 / 14.25) ** 0.5)
    term.penalty().backward()
    assert weight.grad.tolist() == [0.0, -0.5, 0.25, 0.0]
    with torch.no_grad():
        weight.copy_(torch.tensor([1.0, -1.5, 0.5, 0.0]))
    term.close_epoch(1)
    assert term.rho.item() == 0.5
    term.close_epoch(2)
    # Z = (1, -1.5, 0, 0), U = (W - Z) / 2 = (0, 0, 0.25, 0), rho = 1: the pull goes on at half its scaled length.
    assert term.rho.item() == 1.0
    assert term.penalty().item() == pytest.approx(0.5 * 0.75**2)
    term.close_epoch(4)
    # W + U = (1, -1.5, 0.75, 0) has the same projection; U = (0.25 + 0.5) / 2.
    assert term.penalty().item() == pytest.approx((0.5 + 0.375) ** 2)
