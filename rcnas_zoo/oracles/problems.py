"""Search problems on a table: an attack, a radius, a budget and a teacher that it has."""

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.table import Table, column_name
from rcnas_zoo.spec.budget import format_macs
from rcnas_zoo.spec.errors import InvalidInput, unknown_choice
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel


def problem_on(table: Table, task: Task, threat: ThreatModel) -> SearchProblem:
    """The problem of a task whose data set is the table's.

    Raises:
        InvalidInput: the table is of another data set, does not have the attack at this radius or the teacher, or all
            its networks cost more than the budget.
    """
    if task.dataset != table.dataset:
        raise InvalidInput(
            f"a task of the oracle {table.name} must be on {table.dataset}, got {task}; take an oracle of "
            f"{task.dataset}"
        )
    if str(task.teacher) not in table.teachers:
        raise unknown_choice(f"a teacher of the oracle {table.name}", str(task.teacher), sorted(table.teachers))
    table.column(str(task.attack), threat)
    cheapest = int(table.macs.min())
    if cheapest > task.budget.macs:
        raise InvalidInput(
            f"a budget must be at least the {format_macs(cheapest)} MACs of the cheapest network of the oracle "
            f"{table.name}, got {task.budget}"
        )
    teacher, column = table.teachers[str(task.teacher)], column_name(str(task.attack), threat)
    if column not in teacher.accuracy:
        raise unknown_choice(
            f"an attack on {task.teacher} in the oracle {table.name}", column, sorted(teacher.accuracy)
        )
    price = cost(teacher.spec)
    lips = teacher.lips.get(column, (0.0,) * 7)
    facts = TeacherFacts(teacher.spec, price.parameters, price.macs, teacher.accuracy[column], lips)
    return SearchProblem(task, threat, facts, table.samples[column])
