"""A plan from a real measurement on the digits, as short as it can be."""

import json
import time
from dataclasses import replace

import pytest

from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.benchmarking.making import unmeasured_searcher
from rcnas_zoo.workflows.benchmarking.measures import Measure
from rcnas_zoo.workflows.benchmarking.planning.calibrate import calibrate
from rcnas_zoo.workflows.benchmarking.planning.forecast import Forecaster
from rcnas_zoo.workflows.benchmarking.planning.plan import plan_benchmark
from rcnas_zoo.workflows.benchmarking.planning.rows import DRAWN, row_work, teacher_work, training_of
from rcnas_zoo.workflows.benchmarking.planning.text import plan_text
from rcnas_zoo.workflows.benchmarking.planning.work import Work
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import prepare

TASK = Task.parse("digits/pgd-5/wrn-10-1/150k")
SETTINGS = TaskBenchmarkSettings(
    ("random", "teacher", "sat", "advrush", "hydra"), (0, 1), trials=2, visits=7, final_epochs=6, policy="none"
)

THREAT = ThreatModel.parse("linf@1/5")
MEASURES = [Measure("cw-40", THREAT), Measure("autoattack", THREAT, 32), Measure("pgd-20", THREAT, 1000)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    return Machine(device="cpu", workers=1, cache=tmp_path_factory.mktemp("planning"))


@pytest.fixture(scope="module")
def prepared(machine):
    return prepare(TASK, SETTINGS.of_seed(0), machine)


@pytest.fixture(scope="module")
def plan(machine):
    return plan_benchmark(TASK, SETTINGS, machine, seconds=2.0)


def test_a_search_is_its_first_proposals_in_place_of_all_its_visits(prepared):
    row = row_work("random", prepared, MEASURES)
    search = [(times, each) for times, each in row.trial.trainings if each.recipe == prepared.search.recipe]
    final = [(times, each) for times, each in row.trial.trainings if each.recipe == prepared.final.recipe]
    assert row.networks == 8
    proposed = unmeasured_searcher("random", prepared).propose(DRAWN)
    assert {each.spec for _, each in search} == {proposal.spec for proposal in proposed}
    assert len(search) == DRAWN
    assert sum(times for times, _ in search) == pytest.approx(7)
    assert sum(times for times, _ in final) == pytest.approx(1)
    scored = [times for times, look in row.trial.looks if look.attack == "pgd-5"]
    assert sum(scored) == pytest.approx(8)


def test_the_test_split_is_asked_for_no_more_images_than_it_has(prepared):
    looks = {(look.attack, look.images) for _, look in row_work("sat", prepared, MEASURES).test.looks}
    assert looks == {("cw-40", 360), ("autoattack", 32), ("pgd-20", 360)}


def test_the_stages_of_a_pruning_have_its_epochs(prepared):
    stages = [each for _, each in row_work("hydra", prepared, MEASURES).trial.trainings]
    assert [stage.stage for stage in stages] == ["", "prune", "finetune"]
    assert [stage.recipe.epochs for stage in stages] == [1, 4, 1]


def test_a_method_that_cannot_meet_the_budget_says_so(prepared):
    assert "a budget must be at least the" in row_work("advrush", prepared, MEASURES).infeasible


def test_the_teacher_is_trained_by_the_recipe_of_the_search(prepared):
    work = teacher_work(prepared)
    assert [(times, each.recipe) for times, each in work.trainings] == [(1.0, prepared.search.recipe)]


def test_a_planned_training_takes_about_what_a_real_one_takes(prepared):
    """Within a factor of two: other tests may keep the machine busy."""
    job = replace(prepared.final, recipe=prepared.final.recipe.with_changes(epochs=2), seed=17)
    training = training_of(job)
    figures = calibrate(Work(((1.0, training),)), prepared, 1, Silent(), seconds=2.0)
    planned = Forecaster(figures, "cpu", 10).training_seconds(training)
    started = time.process_time()
    train_cached(job)
    assert 0.5 < planned / (time.process_time() - started) < 2


def test_a_larger_network_is_planned_to_take_longer(prepared):
    small = training_of(prepared.final)
    large = replace(small, spec=named_spec("wrn-16-4", small.spec.input, 10))
    figures = calibrate(Work(((1.0, small), (1.0, large))), prepared, 1, Silent(), seconds=4.0)
    assert figures.training(large) > 2 * figures.training(small)
    assert figures.networks[large.spec].gradient.at(128) > 2 * figures.networks[small.spec].gradient.at(128)
    assert figures.networks[large.spec].peak_bytes >= figures.networks[small.spec].peak_bytes > 50 * 2**20
    assert figures.bookkeeping["pgd-10"].at(64) >= 0


def test_a_plan_adds_up(plan):
    random, teacher, sat, advrush, hydra = plan.rows
    assert random.seconds > sat.seconds > 0
    assert sat.seconds == pytest.approx(teacher.seconds)
    assert plan.networks(random) == (32, 34)
    assert plan.networks(hydra) == (4, 6)
    assert plan.networks(advrush) == (0, 0)
    alone = 2 * (plan.teacher_seconds + sum(row.seconds for row in plan.rows))
    # The teacher as a reference and sat are one training here, by the recipe of the digits.
    assert plan.seconds == pytest.approx(alone - 2 * sat.seconds, rel=0.05)
    assert plan.wall_seconds > plan.seconds


def test_the_text_and_the_document_say_the_same(plan):
    document = json.loads(json.dumps(plan.to_dict()))
    assert document["seeds"] == [0, 1]
    assert document["rows"][0]["seconds"] == 2 * document["rows"][0]["seconds_per_seed"]
    assert document["rows"][3] == {"method": "advrush", "infeasible": plan.rows[3].infeasible}
    assert document["peak_bytes_of_workers"] == document["peak_bytes"] * document["workers"]
    text = plan_text(plan)
    assert f"random        32        34  {plan.rows[0].seconds / 60:14.2f}" in text
    assert "advrush: infeasible: a budget must be" in text
    assert "with 1 workers: about" in text
    assert "note: " in text or not plan.notes
