from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from rcnas_zoo.candidates.reward import RewardSettings, reward
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles import fitted
from rcnas_zoo.oracles.fitted import FittedEvaluator, held_out_tau
from rcnas_zoo.oracles.kernel import fit, held_out
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.oracles.suite import half
from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.search import Proposal
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import distinct_specs, formula_accuracy, formula_table

WHOLE = formula_table(rows=80)
TABLE = replace(WHOLE, margins={"linf@1/5": (2 * WHOLE.accuracy["pgd-20 linf@1/5"] - 1).float()})
TASK = TabulatedTask(TABLE, Task.parse("digits/pgd-20/wrn-16-2/4m"), ThreatModel.parse("linf@1/5"))
DEFAULT = RewardSettings()
OTHERS = [spec for spec in distinct_specs(120, seed=5) if spec not in TABLE.specs]


def evaluate(specs, table=TABLE, settings=DEFAULT, task=TASK):
    proposals = [Proposal(number, spec) for number, spec in enumerate(specs)]
    return FittedEvaluator(table, settings).evaluate(task.problem, proposals, Silent())


def places(specs):
    """Depth, log2 width, stride and robust bit of each stage, written out."""
    return torch.tensor(
        [
            [x for s in spec.stages for x in (s.depth, np.log2(s.width), s.stride, s.block == "robust")]
            for spec in specs
        ],
        dtype=torch.float64,
    )


@pytest.mark.parametrize("form", ["compression", "accuracy"])
@pytest.mark.parametrize("rows", [TABLE, half(TABLE, 1)])
def test_a_network_of_the_table_is_answered_as_without_a_model(form, rows):
    settings = RewardSettings(form=form)
    proposals = [Proposal(number, spec) for number, spec in enumerate(rows.specs)]
    assert evaluate(rows.specs, rows, settings) == ReplayEvaluator(rows, settings).evaluate(
        TASK.problem, proposals, Silent()
    )


def test_another_network_has_its_own_cost_and_what_the_model_predicts():
    values = torch.stack([TABLE.accuracy["pgd-20 linf@1/5"], TABLE.margins["linf@1/5"].double()], 1)
    expected = fit(places(TABLE.specs), values).predict(places(OTHERS)).tolist()
    statuses = set()
    for spec, found, (accuracy, margin) in zip(OTHERS, evaluate(OTHERS), expected, strict=True):
        price = cost(spec)
        statuses.add(found.status)
        assert (found.macs, found.parameters) == (price.macs, price.parameters)
        if price.macs > 4_000_000:
            assert (found.status, found.reward, found.accuracy, found.margin) == ("over-budget", -1, 0, 0)
            continue
        assert found.accuracy == pytest.approx(accuracy, abs=1e-9)
        assert found.margin == pytest.approx(margin, abs=1e-9)
        value = reward(found.accuracy, price.parameters, price.macs, TASK.problem, margin=found.margin)
        assert (found.status, found.reward) == ("trained", value)
    assert statuses == {"trained", "over-budget"}


def test_the_model_is_nearer_to_the_truth_than_the_nearest_network():
    affordable = [spec for spec in OTHERS if cost(spec).macs <= 4_000_000]
    truth = torch.tensor([formula_accuracy(spec, 1.0) for spec in affordable])
    column = TABLE.accuracy["pgd-20 linf@1/5"]
    nearest = torch.tensor([float(column[TABLE.row_of(spec)]) for spec in affordable])
    found = torch.tensor([one.accuracy for one in evaluate(affordable)])
    assert float((found - truth).abs().mean()) < 0.5 * float((nearest - truth).abs().mean())


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.02), (0.98, 1.0)])
def test_a_prediction_beyond_what_can_be_is_clipped(low, high):
    column = TABLE.accuracy["pgd-20 linf@1/5"]
    steep = low + (high - low) * (column > column.median()).double()
    margins = torch.sign(column - column.median()).float()
    table = replace(TABLE, accuracy={"pgd-20 linf@1/5": steep}, margins={"linf@1/5": margins})
    free = fit(places(TABLE.specs), torch.stack([steep, margins.double()], 1)).predict(places(OTHERS))
    beyond = (free[:, 0] < 0) | (free[:, 0] > 1)
    assert beyond.any()
    large = replace(TASK, task=Task.parse("digits/pgd-20/wrn-16-2/40m"))
    found = evaluate(OTHERS, table, task=large)
    assert [one.accuracy for one in found] == pytest.approx(free[:, 0].clamp(0, 1).tolist(), abs=1e-9)
    assert [one.margin for one in found] == pytest.approx(free[:, 1].clamp(-1, 1).tolist(), abs=1e-9)


def test_margins_that_are_not_tabulated_are_none():
    found = evaluate([*TABLE.specs, *OTHERS], replace(TABLE, margins={}))
    assert {one.margin for one in found} == {0.0}


def test_half_a_table_answers_for_the_other_half_by_its_own_networks_alone():
    part, rest = half(TABLE, 0), half(TABLE, 1)
    expected = fit(places(part.specs), part.accuracy["pgd-20 linf@1/5"][:, None]).predict(places(rest.specs))
    large = replace(TASK, task=Task.parse("digits/pgd-20/wrn-16-2/40m"))
    found = [one.accuracy for one in evaluate(rest.specs, part, task=large)]
    assert found == pytest.approx(expected[:, 0].tolist(), abs=1e-9)
    assert found != pytest.approx(rest.accuracy["pgd-20 linf@1/5"].tolist(), abs=1e-3)


def test_a_network_with_another_stem_is_not_in_the_table():
    spec = next(one for one in TABLE.specs if cost(one).macs < 2_000_000)
    odd = replace(spec, stem_width=spec.stem_width + 16)
    (found,) = evaluate([odd])
    assert found.macs == cost(odd).macs > cost(spec).macs


def test_tau_is_that_of_the_held_out_predictions():
    column = TABLE.accuracy["pgd-20 linf@1/5"]
    found = held_out(places(TABLE.specs), column[:, None])[:, 0].clamp(0, 1)
    assert held_out_tau(TASK) == pytest.approx(kendalltau(found.numpy(), column.numpy()).statistic, abs=1e-12)
    assert held_out_tau(TASK) > 0.8


def test_a_model_of_shuffled_accuracies_ranks_nothing():
    order = torch.randperm(80, generator=torch.Generator().manual_seed(0))
    shuffled = replace(TABLE, accuracy={name: values[order] for name, values in TABLE.accuracy.items()})
    assert abs(held_out_tau(replace(TASK, table=shuffled))) < 0.2


def test_of_a_large_table_every_so_manieth_network_makes_the_model(monkeypatch):
    monkeypatch.setattr(fitted, "MOST_ROWS", 30)
    table = TABLE.select(range(80))
    assert evaluate(OTHERS, table) == evaluate(OTHERS, TABLE.select(range(0, 80, 3)))
    assert held_out_tau(replace(TASK, table=table)) == held_out_tau(replace(TASK, table=TABLE.select(range(0, 80, 3))))


def test_an_attack_or_a_network_that_does_not_fit_is_refused():
    strange = replace(TASK, threat=ThreatModel.parse("linf@1/4"))
    with pytest.raises(InvalidInput, match="an attack of the oracle formula must be one of"):
        held_out_tau(strange)
    with pytest.raises(InvalidInput, match="must have 3 stages, got 2"):
        evaluate([replace(TABLE.grid, stages=TABLE.grid.stages[:2])])
