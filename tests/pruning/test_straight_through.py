"""The estimators' gradients are those that one writes down by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.pruning.scores import LevelledScores, Masked, Scores
from rcnas_zoo.pruning.straight_through import kept_count, shared_mask, top_mask

# A linear layer of two inputs and two outputs, loss = sum of g * (x W'), so dL/dW' = g^T x entry by entry.
WEIGHT = torch.tensor([[0.5, -2.0], [3.0, 0.25]])
SCORES = torch.tensor([[0.9, -0.4], [-0.7, 0.1]])
INPUT = torch.tensor([[1.0, 2.0]])
UPSTREAM = torch.tensor([[10.0, 100.0]])
INTO_WEIGHT = torch.tensor([[10.0, 20.0], [100.0, 200.0]])


def loss_of(source):
    layer = nn.Linear(2, 2, bias=False)
    layer.weight = nn.Parameter(WEIGHT.clone(), requires_grad=False)
    nn.utils.parametrize.register_parametrization(layer, "weight", Masked(source, (2, 2)), unsafe=True)
    return (UPSTREAM * layer(INPUT)).sum(), layer


def test_scores_of_a_fixed_share_get_the_gradient_of_a_small_layer_worked_out_by_hand():
    source = Scores(SCORES.clone(), kept=2)
    loss, layer = loss_of(source)
    # Kept are the scores 0.9 and -0.7; the others add nothing: 0.5 * 1 * 10 + 3 * 1 * 100.
    assert layer.weight.tolist() == [[0.5, 0.0], [3.0, 0.0]]
    assert loss.item() == 305.0
    loss.backward()
    # dL/ds = dL/dW' * w * sign(s), for pruned scores too.
    assert source.scores.grad.tolist() == [[5.0, 40.0], [-300.0, 50.0]]
    assert source.scores.grad.tolist() == (INTO_WEIGHT * WEIGHT * SCORES.sign()).tolist()


def test_a_learnt_share_gets_the_sum_of_all_that_goes_into_the_mask():
    source = LevelledScores(SCORES.clone(), share=0.5, least=0.1)
    loss, layer = loss_of(source)
    assert layer.weight.tolist() == [[0.5, 0.0], [3.0, 0.0]]
    loss.backward()
    assert source.scores.grad.tolist() == [[5.0, 40.0], [-300.0, 50.0]]
    # dL/dshare = 5 - 40 + 300 + 50; the share is 0.1 + 0.9 s with s = 4 / 9, so dshare/dlevel = 0.9 * 4/9 * 5/9.
    assert source.share().item() == pytest.approx(0.5)
    assert source.level.grad.item() == pytest.approx(315.0 * 0.9 * 20 / 81, rel=1e-5)


def test_one_score_of_a_channel_gets_the_sum_over_the_weights_that_read_it():
    layer = nn.Linear(2, 2, bias=False)
    layer.weight = nn.Parameter(WEIGHT.clone(), requires_grad=False)
    source = Scores(torch.tensor([-0.2, 0.6]), kept=1)
    nn.utils.parametrize.register_parametrization(layer, "weight", Masked(source, (1, 2)), unsafe=True)
    (UPSTREAM * layer(INPUT)).sum().backward()
    assert layer.weight.tolist() == [[0.0, -2.0], [0.0, 0.25]]
    assert source.scores.grad.tolist() == [-(5.0 + 300.0), -40.0 + 50.0]


def test_two_layers_that_share_scores_add_their_gradients():
    source = Scores(torch.tensor([0.2, 0.6]), kept=1)
    weights = [Masked(source, (1, 2))(WEIGHT), Masked(source, (1, 2))(2 * WEIGHT)]
    sum(weight.sum() for weight in weights).backward()
    assert source.scores.grad.tolist() == [3 * 3.5, 3 * -1.75]


SHARES = st.floats(0.01, 0.99)
VALUES = st.lists(st.floats(0, 5, width=32), min_size=1, max_size=40).map(torch.tensor)


@given(VALUES, SHARES)
def test_exactly_the_share_is_kept_and_nothing_larger_is_dropped(magnitudes, share):
    kept = kept_count(share, len(magnitudes))
    mask = top_mask(magnitudes, kept)
    assert int((mask == 0).sum()) == int((1 - share) * len(magnitudes))
    assert sorted(mask.unique().tolist()) in ([1.0], [0.0, 1.0])
    if kept < len(magnitudes):
        assert magnitudes[mask == 1].min() >= magnitudes[mask == 0].max()


@given(VALUES, SHARES)
def test_a_learnt_share_keeps_as_many_as_a_fixed_one(magnitudes, share):
    wanted = torch.tensor(share, dtype=torch.float64)
    assert torch.equal(shared_mask(magnitudes, wanted), top_mask(magnitudes, kept_count(share, len(magnitudes))))


def test_equal_magnitudes_do_not_change_the_count():
    assert int(top_mask(torch.zeros(10), 3).sum()) == 3
