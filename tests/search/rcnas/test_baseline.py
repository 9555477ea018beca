import pytest
import torch

from rcnas_zoo.search.rcnas.baseline import Baseline, RunningScale

REWARDS = torch.tensor([0.2, 0.4, 0.9])


def test_without_a_baseline_the_advantage_is_the_reward():
    assert torch.equal(Baseline("none", 0.8).advantages(REWARDS), REWARDS)


def test_leave_one_out_takes_the_mean_of_the_others_off():
    found = Baseline("leave-one-out", 0.8).advantages(REWARDS)
    torch.testing.assert_close(found, torch.tensor([0.2 - 0.65, 0.4 - 0.55, 0.9 - 0.3]))


def test_the_running_mean_starts_at_the_first_rewards_and_follows():
    baseline = Baseline("ema", 0.8)
    assert baseline.advantages(torch.tensor([0.5])).tolist() == [0.0]
    assert baseline.advantages(torch.tensor([1.0])).tolist() == pytest.approx([0.5])
    # The mean is now 0.8 * 0.5 + 0.2 * 1.
    assert baseline.advantages(torch.tensor([1.0])).tolist() == pytest.approx([0.4])


def test_a_restored_baseline_goes_on_from_the_same_mean():
    first, second = Baseline("ema", 0.8), Baseline("ema", 0.8)
    first.advantages(REWARDS)
    second.restore(first.state())
    assert torch.equal(first.advantages(REWARDS), second.advantages(REWARDS))
    second.restore(Baseline("ema", 0.8).state())
    assert second.advantages(torch.tensor([3.0])).tolist() == [0.0]


def test_advantages_are_divided_by_their_running_rms():
    scale = RunningScale()
    assert scale(torch.tensor([0.3, -0.4])).square().mean().item() == pytest.approx(1.0)
    # Mean squares 0.125 and 0.5 in the ratio 9 to 1.
    expected = 0.5**0.5 / (0.9 * 0.125 + 0.1 * 0.5) ** 0.5
    assert scale(torch.tensor([0.5**0.5])).item() == pytest.approx(expected)


def test_an_outlier_is_clipped_and_nothing_but_zeros_stays_zero():
    scale = RunningScale()
    assert scale(torch.zeros(2)).tolist() == [0.0, 0.0]
    assert scale(torch.tensor([0.01])).item() == pytest.approx(1.0)
    for _ in range(20):
        scale(torch.tensor([0.01]))
    assert scale(torch.tensor([-1.0])).item() == -3.0


def test_a_restored_scale_goes_on_alike():
    first, second = RunningScale(), RunningScale()
    first(REWARDS)
    second.restore(first.state())
    assert torch.equal(first(REWARDS * 2), second(REWARDS * 2))
