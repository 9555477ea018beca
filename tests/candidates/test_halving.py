"""Which candidates are stopped early, by hand and in real trainings."""

from dataclasses import replace

import pytest

from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.halving import CHUNK, PATIENCE, Halving
from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec import Silent, StageSpec, Task, ThreatModel
from rcnas_zoo.spec.search import Proposal, SearchProblem, TeacherFacts


@pytest.mark.parametrize(("epochs", "rungs"), [(8, [2, 4]), (5, [2, 3]), (4, [1, 2]), (3, [1, 2]), (2, [1]), (1, [])])
def test_rungs_are_a_quarter_and_a_half_of_the_epochs_and_never_the_last(epochs, rungs):
    assert [rung for rung, _ in Halving(epochs).floors()] == rungs


def test_nothing_is_stopped_while_few_are_known():
    halving = Halving(8)
    halving.observe([{2: 0.9}] * (PATIENCE - 1))
    assert halving.floors() == ((2, 0.0), (4, 0.0))


def test_the_floor_is_the_median_of_all_that_reached_the_rung():
    halving = Halving(8)
    halving.observe([{2: 0.1, 3: 0.9}, {2: 0.2, 4: 0.5}, {2: 0.3, 4: 0.6}, {2: 0.4, 4: 0.7}])
    assert halving.floors() == ((2, pytest.approx(0.25)), (4, 0.0))
    halving.observe([{2: 0.6, 4: 0.9}, {}])
    assert halving.floors() == ((2, pytest.approx(0.3)), (4, pytest.approx(0.65)))


def evaluated(job, halving, workers, count):
    spec = replace(job.spec, stages=(StageSpec(2, 32), StageSpec(2, 32, 2)))
    price = cost(spec)
    facts = TeacherFacts(spec, price.parameters, price.macs, 0.5, (0.0,) * 7)
    problem = SearchProblem(Task.parse("digits/pgd-2/wrn-16-2/500k"), ThreatModel.parse("linf@1/10"), facts, 287)
    # Of the first ones, each wider than the one before it; the last is the narrowest again, under another name.
    specs = [replace(job.spec, stem_width=4 + index) for index in range(count - 1)]
    specs.append(replace(job.spec, stem_width=2))
    proposals = [Proposal(index, spec) for index, spec in enumerate(specs)]
    with Workers(workers) as pool:
        evaluator = TrainingEvaluator(job, pool, RewardSettings(), halving=halving)
        return evaluator.evaluate(problem, proposals, Silent())


def test_a_candidate_below_the_median_of_those_before_it_ends_at_its_rung(job, tmp_path):
    job = replace(job, recipe=job.recipe.with_changes(epochs=4, selection_attack="none"))
    halving = Halving(4)
    count = CHUNK + 2
    outcomes = evaluated(job, halving, 1, count)
    first, later = outcomes[:CHUNK], outcomes[CHUNK:]
    assert [outcome.status for outcome in first] == ["trained"] * CHUNK
    floor = sorted(outcome.curve[0]["robust_accuracy"] for outcome in first)
    middle = (floor[CHUNK // 2 - 1] + floor[CHUNK // 2]) / 2
    for outcome in later:
        stopped_at_first = outcome.curve[0]["robust_accuracy"] < middle
        assert (outcome.status == "stopped") == (stopped_at_first or len(outcome.curve) == 2)
        assert len(outcome.curve) == (1 if stopped_at_first else 2 if outcome.status == "stopped" else 4)
    assert sum(len(found) for found in halving.measured.values()) == sum(min(2, len(o.curve)) for o in outcomes)

    again = evaluated(replace(job, cache=tmp_path / "other"), Halving(4), 2, count)
    assert [replace(outcome, seconds=0) for outcome in again] == [replace(outcome, seconds=0) for outcome in outcomes]
