from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.oracles.replay import ReplayEvaluator, rewards
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Proposal
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import distinct_specs, formula_accuracy, formula_table

TABLE = formula_table(rows=20)
PROBLEM = problem_on(TABLE, Task.parse("digits/pgd-20/wrn-16-2/4m"), ThreatModel.parse("linf@1/5"))
BARE = RewardSettings(tie_break=False)


def evaluate(specs, settings=BARE, problem=PROBLEM, table=TABLE):
    proposals = [Proposal(number, spec) for number, spec in enumerate(specs)]
    return ReplayEvaluator(table, settings).evaluate(problem, proposals, Silent())


def test_a_row_is_answered_by_its_own_accuracy_and_cost():
    for spec, price, found in zip(TABLE.specs, TABLE.costs, evaluate(TABLE.specs), strict=True):
        assert (found.macs, found.parameters) == (price.macs, price.parameters)
        affordable = price.macs <= 4_000_000
        accuracy = formula_accuracy(spec, 1.0) if affordable else 0.0
        assert found.status == ("trained" if affordable else "over-budget")
        assert found.accuracy == accuracy
        assert found.reward == reward(accuracy, price.parameters, price.macs, PROBLEM, BARE)
        assert affordable or found.reward == -1


def test_another_network_is_answered_by_the_nearest_row():
    others = [spec for spec in distinct_specs(40, seed=5) if spec not in TABLE.specs]
    stand_ins = [TABLE.specs[TABLE.row_of(spec)] for spec in others]
    assert len(others) > 20
    assert evaluate(others) == evaluate(stand_ins)


@pytest.mark.parametrize("settings", [BARE, RewardSettings(c_metric="macs"), RewardSettings()])
def test_the_rewards_of_a_table_are_those_of_its_rows(settings):
    found = rewards(TABLE, PROBLEM, settings)
    assert found.dtype == torch.float64
    within = TABLE.macs <= PROBLEM.budget
    each = torch.tensor([outcome.reward for outcome in evaluate(TABLE.specs, settings)], dtype=torch.float64)
    assert torch.equal(found[within], each[within])
    assert torch.equal(found[~within], each[~within])
    assert (found[~within] == -1).all()


def test_an_attack_or_a_network_that_does_not_fit_is_refused():
    strange = replace(PROBLEM, threat=ThreatModel.parse("linf@1/4"))
    with pytest.raises(InvalidInput, match="an attack of the oracle formula must be one of"):
        evaluate(TABLE.specs[:1], problem=strange)
    with pytest.raises(InvalidInput, match="an attack of the oracle formula must be one of"):
        rewards(TABLE, strange)
    with pytest.raises(InvalidInput, match="must have 3 stages, got 2"):
        evaluate([replace(TABLE.grid, stages=TABLE.grid.stages[:2])])
