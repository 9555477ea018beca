from dataclasses import replace

from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.search.tabulated_tasks import TabulatedTasks
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel
from tests.oracles.tables import formula_table, spec_of

THREAT = ThreatModel.parse("linf@1/5")
TABLE = formula_table(rows=20)
SMALL, LARGE = spec_of("wrn-10-1"), spec_of("wrn-16-2")


def tasks_on(table, *texts) -> TabulatedTasks:
    return TabulatedTasks([TabulatedTask(table, Task.parse(text), THREAT) for text in texts])


def test_the_roots_are_the_teachers_of_all_tasks_the_own_one_first():
    tasks = tasks_on(TABLE, "digits/fgsm/wrn-16-2/2m", "digits/pgd-20/wrn-10-1/2m")
    assert [tasks.roots(number) for number in (0, 1)] == [[LARGE, SMALL], [SMALL, LARGE]]


def test_a_teacher_that_was_not_attacked_so_is_no_root_and_as_a_student_it_counts_as_its_row():
    partly = replace(TABLE.teachers["wrn-10-1"], accuracy={"pgd-20 linf@1/5": 0.5})
    table = replace(TABLE, teachers={**TABLE.teachers, "wrn-10-1": partly})
    tasks = tasks_on(table, "digits/fgsm/wrn-16-2/2m", "digits/pgd-20/wrn-10-1/2m")
    assert [tasks.roots(number) for number in (0, 1)] == [[LARGE], [SMALL, LARGE]]
    found = [tasks.problem(number, SMALL, 1_000_000).teacher.accuracy for number in (0, 1)]
    assert found == [table.accuracy["fgsm linf@1/5"][table.row_of(SMALL)].item(), 0.5]
