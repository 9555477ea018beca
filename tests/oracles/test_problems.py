from dataclasses import replace

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_accuracy, formula_table, spec_of

THREAT = ThreatModel.parse("linf@1/5")


def problem(text: str, threat: ThreatModel = THREAT, table=None):
    return problem_on(table or formula_table(rows=10), Task.parse(text), threat)


def test_the_teacher_is_the_tables_with_its_accuracy_under_the_attack():
    found = problem("digits/fgsm/wrn-10-1/2m")
    price = cost(spec_of("wrn-10-1"))
    assert found.teacher.spec == spec_of("wrn-10-1")
    assert (found.teacher.parameters, found.teacher.macs) == (price.parameters, price.macs)
    assert found.teacher.accuracy == formula_accuracy(spec_of("wrn-10-1"), 0.6)
    assert found.teacher.lips == (0.6,) * 7
    assert (found.budget, found.evaluation_samples, found.threat) == (2_000_000, 1000, THREAT)


def test_without_an_attack_there_are_no_lipschitz_ratios():
    assert problem("digits/clean/wrn-16-2/2m").teacher.lips == (0.0,) * 7


def test_what_the_table_does_not_have_is_refused():
    with pytest.raises(InvalidInput, match="a teacher of the oracle formula must be one of wrn-10-1, wrn-16-2, got"):
        problem("digits/fgsm/wrn-28-10/2m")
    with pytest.raises(InvalidInput, match="an attack of the oracle formula must be one of"):
        problem("digits/cw-40/wrn-16-2/2m")
    with pytest.raises(InvalidInput, match="an attack of the oracle formula must be one of"):
        problem("digits/fgsm/wrn-16-2/2m", ThreatModel.parse("linf@1/4"))


def test_a_task_of_another_data_set_is_refused():
    with pytest.raises(
        InvalidInput, match=r"a task of the oracle formula must be on digits, got cifar10/fgsm/.*cifar10$"
    ):
        problem("cifar10/fgsm/wrn-16-2/2m")


def test_a_teacher_that_was_not_attacked_so_is_refused():
    table = formula_table(rows=10)
    teacher = replace(table.teachers["wrn-10-1"], accuracy={"clean": 0.9})
    with pytest.raises(InvalidInput, match="an attack on wrn-10-1 in the oracle formula must be one of clean"):
        problem("digits/fgsm/wrn-10-1/2m", table=replace(table, teachers={"wrn-10-1": teacher}))


def test_a_budget_needs_one_row_that_meets_it():
    table = formula_table(rows=10)
    cheapest = int(table.macs.min())
    task = Task.parse("digits/fgsm/wrn-16-2/2m")
    assert problem_on(table, replace(task, budget=Budget(cheapest)), THREAT).budget == cheapest
    with pytest.raises(InvalidInput, match="of the cheapest network of the oracle formula, got"):
        problem_on(table, replace(task, budget=Budget(cheapest - 1)), THREAT)
