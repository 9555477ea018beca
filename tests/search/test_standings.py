import pytest
import torch

from rcnas_zoo.search.contest import Played
from rcnas_zoo.search.standings import mean_curve, paired_tests, standing


def played(regrets, to_95):
    return Played(torch.tensor(regrets, dtype=torch.float64), torch.tensor(to_95))


# Two tasks, two seeds, three queries.
ONE = played([[[1.0, 0.5, 0.2], [1.0, 0.4, 0.4]], [[0.8, 0.8, 0.0], [0.6, 0.2, 0.2]]], [[4, 2], [3, 1]])


def test_a_standing_worked_out_by_hand():
    found = standing(ONE)
    assert found.regret == pytest.approx(0.2)
    assert found.regret_std == pytest.approx((0.08 / 4) ** 0.5)  # 0.2, 0.4, 0, 0.2
    assert found.regret_error == pytest.approx(0.1)  # task means 0.3 and 0.1: std 0.1414, over the root of 2
    assert (found.median_to_95, found.mean_to_95, found.hit_rate) == (2.5, 2.5, 0.75)


def test_a_single_task_has_no_error():
    found = ONE.on([1])
    assert standing(found).regret_error == 0
    curve = mean_curve(found)
    assert curve.low == curve.mean == curve.high == pytest.approx((0.7, 0.5, 0.1))


def test_the_band_of_a_curve_is_over_the_tasks():
    curve = mean_curve(ONE)
    assert curve.mean == pytest.approx((0.85, 0.475, 0.2))
    assert curve.high[0] - curve.mean[0] == pytest.approx(1.96 * 0.15)
    assert curve.mean[2] - curve.low[2] == pytest.approx(1.96 * 0.1)


def test_the_leader_is_tested_against_every_other_by_both_metrics():
    found = paired_tests({"random": ONE, "rc-nas": ONE, "tpe": ONE})
    assert [(test.a, test.b) for test in found] == [("rc-nas", "random")] * 2 + [("rc-nas", "tpe")] * 2
    assert [test.metric for test in found[:2]] == ["simple_regret", "queries_to_95"]


def test_without_rc_nas_the_first_method_leads():
    assert {test.a for test in paired_tests({"tpe": ONE, "random": ONE})} == {"tpe"}
    assert paired_tests({"tpe": ONE}) == []
    assert paired_tests({}) == []


def test_an_effect_is_the_mean_difference_over_tasks_of_paired_seeds():
    better = Played(ONE.regrets - torch.tensor([0.0, 0.2]).double().view(2, 1, 1), ONE.to_95 - 1)
    regret, queries = paired_tests({"rc-nas": better, "random": ONE})
    assert (regret.effect, regret.wins, regret.losses) == (pytest.approx(-0.1), 1, 0)
    assert (queries.effect, queries.wins) == (-1.0, 2)
