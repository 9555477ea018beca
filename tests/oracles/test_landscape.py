from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.oracles.landscape import Landscape, landscape, task_landscape, why_dropped
from rcnas_zoo.oracles.suite import suite_on
from tests.oracles.tables import formula_table


def of(values, macs=None):
    return landscape(torch.tensor(values, dtype=torch.float64), torch.tensor(macs or list(range(1, len(values) + 1))))


def test_numbers_worked_out_by_hand():
    # 0, 0.1 ... 2.0: the median is 1.0, the 95th percentile the twentieth of 21.
    found = of([place / 10 for place in range(21)])
    assert found.feasible == 21
    assert (found.best, found.median, found.worst) == pytest.approx((2.0, 1.0, 0.0))
    assert found.high == pytest.approx(1.9)
    assert found.near == pytest.approx(2 / 21)  # 1.9 and 2.0
    assert (found.smallest, found.largest) == pytest.approx((2.0, 0.0))
    assert [found.regret(value) for value in (2.0, 1.5, 1.0, 0.0)] == pytest.approx([0, 0.5, 1, 2])


def test_the_rules_go_by_macs_and_the_first_of_equals_counts():
    found = of([4.0, 1.0, 2.0, 3.0, 0.0], [20, 10, 10, 30, 30])
    assert found.smallest == pytest.approx((4 - 1) / (4 - 2))
    assert found.largest == pytest.approx((4 - 3) / (4 - 2))


def test_where_nothing_can_be_won_every_regret_is_zero():
    found = of([0.5] * 30)
    assert (found.regret(0.1), found.smallest, found.near) == (0.0, 0.0, 1.0)


def test_the_share_near_a_best_that_is_no_gain_is_that_of_the_best():
    assert of([0.0, -1.0, -2.0, 0.0]).near == 0.5


def lying(**changes):
    whole = {"feasible": 50, "best": 1.0, "high": 0.9, "median": 0.5, "worst": 0.0, "near": 0.1}
    return Landscape(**{**whole, "smallest": 1.0, "largest": 1.0, **changes})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"feasible": 20}, ""),
        ({"feasible": 19}, "only 19 networks are within the budget"),
        ({"median": 1.0}, "half of the networks are within one image of the best"),
        ({"image": 0.51}, "half of the networks are within one image of the best"),
        ({"image": 0.5}, ""),
        ({"smallest": 0.0999}, "the smallest network has regret 0.10"),
        ({"largest": 0.03}, "the largest network has regret 0.03"),
        ({"smallest": 0.1, "largest": 0.1}, ""),
    ],
)
def test_why_a_task_is_dropped(changes, reason):
    assert why_dropped(lying(**changes)) == reason


@pytest.mark.parametrize(("form", "accuracy"), [("compression", 0.0), ("accuracy", 0.0), ("accuracy", 0.25)])
def test_a_task_whose_networks_differ_by_their_margins_alone_is_dropped(form, accuracy):
    made = formula_table(60)
    column, margins = "pgd-20 linf@1/5", torch.linspace(-0.9, 0.9, 60)
    table = replace(
        made,
        accuracy={column: torch.full((60,), accuracy, dtype=torch.float64)},
        margins={"linf@1/5": margins[torch.randperm(60, generator=torch.Generator().manual_seed(0))]},
    )
    task = suite_on(table).held_out[-1]
    found = task_landscape(task, RewardSettings(form=form))
    assert found.feasible >= 20
    assert found.best > found.median
    assert found.image == pytest.approx(1 / (1000 * task.problem.teacher.accuracy))
    assert why_dropped(found) == "half of the networks are within one image of the best"


@pytest.mark.parametrize("form", ["compression", "accuracy"])
def test_a_task_is_judged_by_its_networks_within_the_budget(form):
    task, settings = suite_on(formula_table(60)).held_out[4], RewardSettings(form=form)
    accuracies, within = task.table.column(str(task.task.attack), task.threat).tolist(), []
    for accuracy, price in zip(accuracies, task.table.costs, strict=True):
        if price.macs <= task.task.budget.macs:
            within.append(reward(accuracy, price.parameters, price.macs, task.problem, settings))
    found = task_landscape(task, settings)
    assert 10 < found.feasible == len(within) < 60
    assert found.best == max(within)
    assert found.worst == min(within)
