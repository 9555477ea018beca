import pytest
import torch

from rcnas_zoo.search.rcnas.encoder import StateEncoder
from rcnas_zoo.search.rcnas.features import COST_COLUMNS, FEATURES, LIPS_COLUMNS, STAGE_COLUMNS
from rcnas_zoo.search.rcnas.pretraining import sample_tasks
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import seeded


def make_encoder(**settings):
    generator = torch.Generator().manual_seed(0)
    encoder = seeded(lambda: StateEncoder(3, RcnasSettings(**settings)), generator)
    tasks = sample_tasks(64, 3, generator)
    encoder.fit_standardisation(tasks)
    return encoder, tasks


@pytest.mark.parametrize("stage_mlp", ["shared", "per-stage"])
def test_every_stage_gets_a_bounded_state(stage_mlp):
    encoder, tasks = make_encoder(stage_mlp=stage_mlp, state_size=20)
    states = encoder(tasks)
    assert states.shape == (64, 3, 20)
    assert states.abs().max() <= 1
    assert states.std(0).min() > 0


def test_inputs_are_standardised():
    encoder, tasks = make_encoder()
    rows = encoder.standardise(tasks).flatten(0, 1)
    torch.testing.assert_close(rows.mean(0), torch.zeros(FEATURES), atol=1e-5, rtol=0)
    torch.testing.assert_close(rows.std(0, correction=0), torch.ones(FEATURES))


def test_the_lstm_runs_both_ways_so_each_state_knows_every_stage():
    encoder, tasks = make_encoder()
    for changed in (0, 2):
        other = tasks.clone()
        other[:, changed, STAGE_COLUMNS.start] += 1.0
        moved = (encoder(other) - encoder(tasks)).abs().amax((0, 2))
        assert (moved > 1e-4).all()


def test_shared_weights_serve_any_number_of_stages():
    encoder, tasks = make_encoder()
    assert encoder(tasks[:, :2]).shape[1] == 2


@pytest.mark.parametrize(("option", "columns"), [("lips", LIPS_COLUMNS), ("cost", COST_COLUMNS)])
def test_features_that_are_off_do_not_reach_the_state(option, columns):
    seeing, tasks = make_encoder()
    blind, _ = make_encoder(**{option: False})
    other = tasks.clone()
    other[..., columns] += 1.0
    assert not torch.equal(seeing(other), seeing(tasks))
    assert torch.equal(blind(other), blind(tasks))
