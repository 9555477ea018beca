from collections import Counter
from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles import catalogue
from rcnas_zoo.oracles.landscape import task_landscape, why_dropped
from rcnas_zoo.oracles.store import write_table
from rcnas_zoo.oracles.suite import KINDS, budgets_of, digits_suite, half, load_suite, suite_on, teachers_of
from rcnas_zoo.oracles.table import TableTeacher
from rcnas_zoo.spec.errors import InvalidInput
from tests.oracles.suites import named_table, write_tables
from tests.oracles.tables import formula_table, spec_of


@pytest.fixture(scope="module")
def suite():
    return digits_suite(named_table("digits"), named_table("fashion-mnist"))


def specs(task):
    return set(task.table.specs)


def facts(task):
    return {
        "attack": str(task.task.attack),
        "radius": str(task.threat),
        "budget": task.task.budget,
        "teacher": str(task.task.teacher),
    }


def test_two_halves_make_the_whole_and_share_nothing():
    table = formula_table(60)
    first, second = half(table, 0), half(table, 1)
    assert specs_of(first) | specs_of(second) == specs_of(table)
    assert not specs_of(first) & specs_of(second)
    assert len(first) > 15 < len(second)


def specs_of(table):
    return set(table.specs)


def test_a_network_stays_in_its_half_whatever_else_the_table_has():
    table = formula_table(60)
    assert specs_of(half(table.select(range(20)), 0)) == specs_of(half(table, 0)) & specs_of(table.select(range(20)))


def test_there_are_some_tasks_of_every_kind_and_most_of_the_first_two(suite):
    counts = Counter(task.kind for task in suite.held_out)
    assert set(counts) == set(KINDS)
    assert [counts[kind] for kind in KINDS] == [8, 8, 3, 3, 3, 3]
    assert 20 <= sum(counts.values()) <= 30


def test_no_task_stands_twice(suite):
    assert len({str(task) for task in suite.training}) == len(suite.training) == 36
    assert len({(task.kind, str(task)) for task in suite.held_out}) == len(suite.held_out)


@pytest.mark.parametrize("kind", ["attack", "radius", "budget", "teacher"])
def test_what_a_task_is_held_out_for_is_new_and_so_are_its_networks(suite, kind):
    seen = {name: {facts(task)[name] for task in suite.training} for name in ("attack", "radius", "budget", "teacher")}
    for task in (task for task in suite.held_out if task.kind == kind):
        assert {name for name, value in facts(task).items() if value not in seen[name]} == {kind}
        assert not specs_of(task.table) & specs_of(suite.training[0].table)


def test_held_out_networks_were_never_seen_under_tasks_that_were(suite):
    trained = {str(task) for task in suite.training}
    found = [task for task in suite.held_out if task.kind == "networks"]
    assert all(str(task) in trained for task in found)
    assert all(not specs(task) & specs(suite.training[0]) for task in found)


def test_held_out_data_are_another_data_set(suite):
    found = [task for task in suite.held_out if task.kind == "data"]
    assert {task.task.dataset for task in found} == {task.table.name for task in found} == {"fashion-mnist"}


def test_every_task_can_be_asked(suite):
    for task in (*suite.training, *suite.held_out):
        assert task.problem.task == task.task


def test_workers_are_not_sent_what_no_search_needs():
    table = formula_table(30)
    assert table.verdicts
    assert not suite_on(table).held_out[0].table.verdicts


def test_any_other_table_is_all_new_data():
    found = suite_on(formula_table(60))
    assert found.training == ()
    assert {task.kind for task in found.held_out} == {"data"}
    assert len(found.held_out) == 3 * 2 * 3  # attacks (clean apart), teachers, budgets
    assert {str(task.threat) for task in found.held_out} == {"linf@1/10", "linf@1/5"}


def test_an_attack_that_not_all_networks_have_gives_no_task():
    table = formula_table(60)
    partly = torch.where(torch.arange(60) < 10, table.accuracy["fgsm linf@1/5"], torch.nan)
    found = suite_on(replace(table, accuracy={**table.accuracy, "fgsm linf@1/5": partly}))
    assert {str(task.task.attack) for task in found.held_out} == {"pgd-20"}


def test_of_many_teachers_four_are_taken_from_the_cheapest_to_the_dearest():
    table = formula_table(60)
    names = [f"wrn-{depth}-{factor}" for factor in (1, 2, 3) for depth in (10, 16, 22)]
    accuracy = table.teachers["wrn-16-2"].accuracy
    teachers = {name: TableTeacher(spec_of(name), accuracy, {}) for name in reversed(names)}
    by_cost = sorted(names, key=lambda name: cost(spec_of(name)).macs)
    assert teachers_of(replace(table, teachers=teachers)) == [by_cost[place] for place in (0, 3, 5, 8)]


def test_a_teacher_that_was_not_attacked_so_gives_no_task():
    table = formula_table(60)
    bare = replace(table.teachers["wrn-10-1"], accuracy={"fgsm linf@1/5": 0.5})
    found = suite_on(replace(table, teachers={**table.teachers, "wrn-10-1": bare})).held_out
    attacks = {str(task.task.attack) for task in found if str(task.task.teacher) == "wrn-10-1"}
    assert attacks == {"fgsm"}
    assert len(found) == 3 * 3 + 3


def test_budgets_are_quartiles_of_two_digits():
    table = formula_table(60)
    macs = sorted(table.macs.tolist())
    for share, budget in zip((0.25, 0.5, 0.75), budgets_of(table), strict=True):
        assert int(str(budget.macs)[2:] or 0) == 0
        assert share - 0.1 < sum(value <= budget.macs for value in macs) / 60 <= share + 0.02


def test_equal_budgets_stand_once():
    table = formula_table(1)
    assert len(budgets_of(table)) == 1


def test_a_file_called_digits_is_no_suite_of_ours(tmp_path):
    write_table(named_table("digits", 30), tmp_path / "digits.oracle.xz")
    assert load_suite(str(tmp_path / "digits.oracle.xz")).training == ()


def test_the_suite_of_a_shipped_name(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "TABLES", write_tables(tmp_path))
    assert len(load_suite("digits").training) == 36
    assert load_suite("fashion-mnist").training == ()


def test_a_table_that_lacks_a_teacher_is_refused():
    digits = named_table("digits", 40)
    lacking = replace(digits, teachers={"wrn-16-2": digits.teachers["wrn-16-2"]})
    with pytest.raises(InvalidInput, match=r"a teacher of the oracle digits must be one of wrn-16-2, got 'wrn-22-2'"):
        _ = digits_suite(lacking, digits).training[1].problem


@pytest.mark.parametrize("form", ["compression", "accuracy"])
def test_twenty_tasks_of_the_shipped_suite_prove_something(form):
    kept = [
        task
        for task in load_suite("digits").held_out
        if not why_dropped(task_landscape(task, RewardSettings(form=form)))
    ]
    assert len(kept) >= 20
    assert {task.kind for task in kept} == set(KINDS)
