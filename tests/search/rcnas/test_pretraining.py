import torch

from rcnas_zoo.search.rcnas.features import FEATURES, LIPS_COLUMNS
from rcnas_zoo.search.rcnas.pretraining import pretrain, sample_tasks
from rcnas_zoo.search.rcnas.settings import RcnasSettings


def test_the_states_of_tasks_never_seen_can_be_decoded():
    before = torch.random.get_rng_state()
    pretrained = pretrain(RcnasSettings(), 3, torch.Generator().manual_seed(0))
    assert pretrained.r_squared > 0.97
    assert not any(parameter.requires_grad for parameter in pretrained.encoder.parameters())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_encoder_that_was_hardly_trained_reconstructs_worse():
    settings = RcnasSettings(pretraining_tasks=256, pretraining_steps=2)
    assert pretrain(settings, 3, torch.Generator().manual_seed(0)).r_squared < 0.5


def test_the_same_seed_gives_the_same_encoder():
    settings = RcnasSettings(pretraining_tasks=128, pretraining_steps=3)
    first, again, other = (pretrain(settings, 3, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    states = [pretrained.encoder.state_dict() for pretrained in (first, again, other)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert not torch.equal(states[0]["lstm.weight_hh_l0"], states[2]["lstm.weight_hh_l0"])


def test_the_number_of_threads_does_not_change_the_encoder():
    settings = RcnasSettings(pretraining_tasks=256, pretraining_steps=5)
    before, states = torch.get_num_threads(), []
    try:
        for threads in (1, 4):
            torch.set_num_threads(threads)
            states.append(pretrain(settings, 3, torch.Generator().manual_seed(0)).encoder.state_dict())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_random_tasks_are_finite_and_a_tenth_of_them_is_clean():
    tasks = sample_tasks(1000, 2, torch.Generator().manual_seed(0))
    assert tasks.shape == (1000, 2, FEATURES)
    assert tasks.isfinite().all()
    clean = (tasks[:, 0, LIPS_COLUMNS] == 0).all(-1).float().mean().item()
    assert 0.07 < clean < 0.13


def test_the_quantiles_of_a_random_task_ascend():
    quantiles = sample_tasks(200, 3, torch.Generator().manual_seed(0))[:, 0, 2:7]
    assert (quantiles.diff(dim=1) >= 0).all()
