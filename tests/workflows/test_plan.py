import json
from dataclasses import replace

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.plan import passes, plan, plan_text
from rcnas_zoo.workflows.settings import FinetuneSettings, finetune_settings

PAPER = Task.parse("cifar10/autoattack/wrn-28-10/5g")


def test_the_papers_task_against_a_count_by_hand():
    made = plan(PAPER)
    # TRADES with 10 steps, forward 1 and backward 2: 10 * 3 for the attack, 2 * 3 for the update, of 50,000 images.
    an_epoch = 36 * 50_000
    assert (made.visits, made.search_epochs) == (10, 5)
    assert made.search_macs == 5 * an_epoch * (10 * 5_000_000_000 + made.teacher_macs)
    assert (made.final_trainings, made.final_epochs) == (1, 100)
    assert made.final_macs == 100 * an_epoch * 5_000_000_000
    assert made.teacher_macs == pytest.approx(5.24e9, rel=0.01)
    assert made.teacher_parameters == pytest.approx(36.5e6, rel=0.01)
    assert (made.task, made.threat, made.budget_macs, made.note) == (str(PAPER), "linf@8/255", 5_000_000_000, "")


def test_every_row_counts():
    made = plan(PAPER, finetune_settings({"steps": 2}, compare=("teacher", "robustresnet", "random", "random")))
    assert made.visits == 40
    assert made.search_macs == 180 * 50_000 * (40 * 5_000_000_000 + made.teacher_macs)
    assert made.final_trainings == 4
    assert made.final_macs == 3600 * 50_000 * (3 * 5_000_000_000 + made.teacher_macs)


def test_a_cold_search_visits_as_many_networks_again():
    made = plan(PAPER, finetune_settings({}, compare=("r-nas", "random")))
    assert (made.visits, made.final_trainings) == (30, 3)


def test_every_rival_is_a_search_and_a_full_training_more_and_the_rule_a_full_training_alone():
    made = plan(PAPER, finetune_settings({}, compare=("tpe", "portfolio", "evolution", "robustresnet")))
    assert (made.visits, made.final_trainings) == (40, 5)


def test_a_budget_that_does_not_bind_costs_no_more_than_the_teacher_and_is_noted():
    made = plan(Task.parse("cifar10/autoattack/wrn-28-10/10g"))
    assert made.search_macs == 180 * 50_000 * 11 * made.teacher_macs
    assert made.note == "the budget 10g does not bind: the teacher costs 5.24 G MACs"
    assert plan_text(made).endswith(f"note: {made.note}")


def test_epochs_and_threat_can_be_given():
    made = plan(PAPER, FinetuneSettings(threat=ThreatModel.parse("linf@4/255"), search_epochs=1, final_epochs=2))
    assert (made.threat, made.search_epochs, made.final_epochs) == ("linf@4/255", 1, 2)
    assert made.final_macs == 2 * 36 * 50_000 * 5_000_000_000


def test_a_teacher_that_is_brought_is_the_one_that_is_planned_with_and_is_not_trained(trained, machine):
    task = Task.parse("digits/pgd-20/wrn-16-2/500k")
    settings = FinetuneSettings(teacher_weights=str(trained.entry.folder), compare=("teacher",))
    made, alone = plan(task, settings, machine), plan(task, replace(settings, compare=()), machine)
    assert made.teacher_macs == cost(trained.entry.spec).macs
    assert made.final_trainings == 1
    assert (made.search_macs, made.final_macs) == (alone.search_macs, alone.final_macs)
    assert made.search_macs % (10 * 500_000) == 0


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (TrainingRecipe(objective="clean", epochs=7), 7 * 3),
        (TrainingRecipe(objective="sat", epochs=7, attack_steps=2), 7 * (2 * 3 + 3)),
        (TrainingRecipe(objective="trades", epochs=7, attack_steps=2), 7 * (2 * 3 + 6)),
    ],
)
def test_the_passes_of_an_objective(recipe, expected):
    assert passes(recipe) == expected


def test_nothing_is_opened(monkeypatch):
    monkeypatch.setattr("rcnas_zoo.candidates.source.load_dataset", lambda *_: pytest.fail("opened"))
    assert plan(PAPER).visits == 10


def test_the_text_and_the_json_say_the_same():
    made = plan(PAPER)
    assert json.loads(json.dumps(made.to_dict())) == made.to_dict()
    text = plan_text(made)
    assert "task cifar10/autoattack/wrn-28-10/5g, threat linf@8/255" in text
    assert "teacher: 36.48 M parameters, 5.24 G MACs an image" in text
    assert "budget: 5.00 G MACs; the smallest network has" in text
    assert "search: 10 networks, and the teacher unless you bring it, 5 epochs each; at most 5.0e+17 MACs" in text
    assert "then: 1 full trainings, 100 epochs each; at most 9.0e+17 MACs" in text
    assert "needs 3.9e+02 h for the trainings" in text


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("npz:/data/mine.npz/pgd-20/wrn-16-2/2m", "must be for a known data set, such as digits.*got 'npz:"),
        ("cifar10/pgd-20/wrn-16-2/2g", "at most twice the teacher's cost"),
        ("cifar10/pgd-20/wrn-16-2/2k", "at least the .* MACs .* of the smallest network"),
    ],
)
def test_what_no_run_could_do_is_refused(task, message):
    with pytest.raises(InvalidInput, match=message):
        plan(Task.parse(task))


def test_a_teacher_that_is_absent_is_refused(machine):
    with pytest.raises(NotFound, match="an entry folder must exist"):
        plan(PAPER, FinetuneSettings(teacher_weights="./nowhere"), machine)
