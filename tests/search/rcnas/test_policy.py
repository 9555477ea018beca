import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal

from rcnas_zoo.search.rcnas.policy import ActionDistribution, fresh_policy, stage_actions
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.space import StageAction

PATTERN = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])


def random_distribution():
    generator = torch.Generator().manual_seed(0)
    mean, log_std, logits = torch.randn(3, 3, 2, generator=generator)
    return ActionDistribution(mean, log_std, logits)


def torch_log_prob(found, actions):
    gaussian = Normal(found.mean, found.log_std.exp()).log_prob(actions[..., :2])
    bernoulli = Bernoulli(logits=found.logits).log_prob(actions[..., 2:])
    return (gaussian + bernoulli).sum((-2, -1))


def test_log_probabilities_and_entropy_are_those_of_torch():
    found = random_distribution()
    generator = torch.Generator().manual_seed(1)
    actions = torch.stack([found.sample(generator) for _ in range(5)])
    torch.testing.assert_close(found.log_prob(actions), torch_log_prob(found, actions))
    entropy = Normal(found.mean, found.log_std.exp()).entropy() + Bernoulli(logits=found.logits).entropy()
    torch.testing.assert_close(found.entropy(), entropy.sum())


def test_extreme_logits_keep_log_probability_and_entropy_finite():
    found = ActionDistribution(torch.zeros(1, 2), torch.zeros(1, 2), torch.tensor([[200.0, -200.0]]))
    assert found.log_prob(torch.tensor([[0.0, 0.0, 0.0, 1.0]])).isfinite()
    assert found.entropy().isfinite()


def test_samples_have_the_moments_of_the_distribution():
    found = random_distribution()
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([found.sample(generator) for _ in range(4000)])
    torch.testing.assert_close(draws[..., :2].mean(0), found.mean, atol=0.15, rtol=0)
    torch.testing.assert_close(draws[..., :2].std(0), found.log_std.exp(), rtol=0.06, atol=0)
    torch.testing.assert_close(draws[..., 2:].mean(0), found.logits.sigmoid(), atol=0.03, rtol=0)


def test_a_low_temperature_narrows_every_distribution_of_a_batch_and_one_changes_nothing():
    found = random_distribution()
    both = found.at(torch.tensor([1.0, 0.25]))
    torch.testing.assert_close(both.log_std[0], found.log_std)
    torch.testing.assert_close(both.log_std[1].exp(), found.log_std.exp() / 4)
    torch.testing.assert_close(both.logits[1], found.logits * 4)
    actions = torch.stack([found.mode()] * 2)
    torch.testing.assert_close(both.log_prob(actions)[1], found.at(torch.tensor(0.25)).log_prob(found.mode()))


def test_the_mode_is_the_likeliest_action():
    found = random_distribution()
    generator = torch.Generator().manual_seed(0)
    draws = torch.stack([found.sample(generator) for _ in range(200)])
    assert (found.log_prob(draws) <= found.log_prob(found.mode())).all()


def test_a_fresh_policy_is_centred_on_the_settings_and_the_teachers_strides():
    settings = RcnasSettings(ratio_centre=0.8, log_std=-0.5, stride_prior=2.0)
    policy = fresh_policy(settings, torch.Generator().manual_seed(0))
    found = policy(torch.randn(3, settings.state_size, generator=torch.Generator().manual_seed(1)), PATTERN)
    torch.testing.assert_close(found.mean.sigmoid(), torch.full((3, 2), 0.8))
    torch.testing.assert_close(found.log_std, torch.full((3, 2), -0.5))
    assert found.logits.tolist() == [[-2.0, 0.0], [2.0, 0.0], [2.0, 0.0]]


def test_log_standard_deviations_are_clamped():
    policy = fresh_policy(RcnasSettings(log_std=2.0, log_std_high=0.5), torch.Generator().manual_seed(0))
    assert policy(torch.zeros(3, 32), PATTERN).log_std.unique().tolist() == [0.5]


def test_both_heads_train_the_shared_features():
    policy = fresh_policy(RcnasSettings(), torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(3, 32, generator=generator)
    for head, part in ((policy.gaussian, "mean"), (policy.bernoulli, "logits")):
        torch.nn.init.constant_(head.weight, 0.1)
        policy.zero_grad()
        getattr(policy(states, PATTERN), part).sum().backward()
        assert policy.features[0].weight.grad.abs().sum() > 0


def test_an_action_becomes_ratios_and_bits():
    action = torch.tensor([[0.0, math.log(3), 1.0, 0.0], [200.0, -200.0, 0.0, 1.0]])
    first, second = stage_actions(action)
    assert (first.width_ratio, first.depth_ratio) == pytest.approx((0.5, 0.75))
    assert (first.downsample, first.robust) == (True, False)
    assert second == StageAction(1.0, 0.0, downsample=False, robust=True)
