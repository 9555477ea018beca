"""The tasks of a table: those that a policy may be trained on, and those that it is then tried on, by kind.

One trained network gives an outcome under every attack and radius, so a table is many tasks: attack, radius, budget and
teacher. What is held out has networks that no training task has, and may be new in one respect more: the data set, the
attack, the radius, the budget or the teacher.
"""

from dataclasses import dataclass, replace
from itertools import product

import torch

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.catalogue import load_oracle
from rcnas_zoo.oracles.table import CLEAN, Table
from rcnas_zoo.oracles.tasks import TRAINING, TabulatedTask
from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.teacher import TeacherName
from rcnas_zoo.spec.threat import ThreatModel

MOST_TEACHERS = 4
KINDS = ("networks", "data", "attack", "radius", "budget", "teacher")

_ATTACKS = ("fgsm", "pgd-20")
_THREATS = ("linf@3/20", "linf@1/5")
_BUDGETS = ("500k", "800k", "1600k")
_TEACHERS = ("wrn-16-2", "wrn-22-2", "wrn-16-3")

DIGITS_TRAINING = tuple(
    f"digits/{attack}/{teacher}/{budget} {threat}"
    for attack, threat, budget, teacher in product(_ATTACKS, _THREATS, _BUDGETS, _TEACHERS)
)
"""On the first half of the networks. Below 500k so few are left that thirty queries would visit them all."""

DIGITS_HELD_OUT = {
    "networks": (
        "digits/pgd-20/wrn-16-2/500k linf@1/5",
        "digits/pgd-20/wrn-22-2/800k linf@1/5",
        "digits/pgd-20/wrn-16-3/800k linf@3/20",
        "digits/pgd-20/wrn-16-2/1600k linf@3/20",
        "digits/pgd-20/wrn-22-2/1600k linf@1/5",
        "digits/fgsm/wrn-22-2/500k linf@3/20",
        "digits/fgsm/wrn-16-2/800k linf@1/5",
        "digits/fgsm/wrn-16-3/1600k linf@1/5",
    ),
    "data": (
        "fashion-mnist/pgd-20/wrn-16-2/500k linf@1/10",
        "fashion-mnist/pgd-20/wrn-16-3/750k linf@1/20",
        "fashion-mnist/pgd-20/wrn-22-2/1350k linf@3/20",
        "fashion-mnist/pgd-20/wrn-16-2/1350k linf@1/10",
        "fashion-mnist/pgd-20/wrn-22-2/750k linf@3/20",
        "fashion-mnist/cw-40/wrn-16-3/1350k linf@1/10",
        "fashion-mnist/fgsm/wrn-16-2/750k linf@1/10",
        "fashion-mnist/fgsm/wrn-22-2/500k linf@3/20",
    ),
    "attack": (
        "digits/cw-40/wrn-16-2/500k linf@1/5",
        "digits/cw-40/wrn-22-2/800k linf@1/5",
        "digits/cw-40/wrn-16-3/1600k linf@1/5",
    ),
    "radius": (
        "digits/pgd-20/wrn-16-2/800k linf@1/4",
        "digits/pgd-20/wrn-22-2/1600k linf@1/4",
        "digits/fgsm/wrn-16-3/500k linf@1/4",
    ),
    "budget": (
        "digits/pgd-20/wrn-16-2/650k linf@1/5",
        "digits/pgd-20/wrn-22-2/1m linf@3/20",
        "digits/fgsm/wrn-16-3/2m linf@1/5",
    ),
    "teacher": (
        "digits/pgd-20/wrn-16-4/500k linf@3/20",
        "digits/pgd-20/wrn-16-4/1600k linf@1/5",
        "digits/fgsm/wrn-16-4/800k linf@1/5",
    ),
}
"""Kind to tasks. All of digits are on the second half of the networks: on the first, a new budget or teacher mostly has
the winner of a training task, so that to remember would be enough."""


@dataclass(frozen=True, eq=False)
class Suite:
    """The tasks of an oracle: ``training`` to learn from, ``held_out`` to be tried on."""

    name: str
    training: tuple[TabulatedTask, ...]
    held_out: tuple[TabulatedTask, ...]


def load_suite(name: str) -> Suite:
    """The suite of an oracle's name or file; a copy of the shipped digits is these. Raises as `load_oracle`."""
    table = load_oracle(name)
    digits = load_oracle("digits") if table.name == "digits" else None
    if digits is not None and digits.provenance == table.provenance and len(digits) == len(table):
        return digits_suite(digits, load_oracle("fashion-mnist"))
    return suite_on(table)


def digits_suite(digits: Table, fashion: Table) -> Suite:
    """The suite by which policies are judged.

    Raises:
        InvalidInput: a table lacks what a task needs.
    """
    first, second = (half(_lean(digits), part) for part in (0, 1))
    other = _lean(fashion)
    held_out = [
        _parsed(kind, other if kind == "data" else second, text) for kind in KINDS for text in DIGITS_HELD_OUT[kind]
    ]
    return Suite(digits.name, tuple(_parsed(TRAINING, first, text) for text in DIGITS_TRAINING), tuple(held_out))


def suite_on(table: Table) -> Suite:
    """The suite of any other table: every task that it has is new data, and there is nothing to train on.

    Attacks are the table's, but for those that not every network was measured under; teachers at most four of its own,
    from the cheapest to the dearest; budgets the quartiles of the networks' MACs.
    """
    lean, teachers = _lean(table), teachers_of(table)
    whole = [name for name, values in table.accuracy.items() if name != CLEAN and not values.isnan().any()]
    made = [
        _task(lean, column, teacher, budget)
        for column, teacher, budget in product(whole, teachers, budgets_of(table))
        if column in table.teachers[teacher].accuracy
    ]
    return Suite(table.name, (), tuple(made))


def half(table: Table, part: int) -> Table:
    """The networks of a table whose digests are even (part 0) or odd (part 1): fixed, whatever else is in it."""
    rows = [row for row, spec in enumerate(table.specs) if int(spec.digest, 16) % 2 == part]
    return table.select(rows)


def teachers_of(table: Table) -> list[str]:
    """The names of a table's teachers, the cheapest first; of more than four, four evenly apart."""
    names = sorted(table.teachers, key=lambda name: cost(table.teachers[name].spec).macs)
    if len(names) <= MOST_TEACHERS:
        return names
    return [names[round(place * (len(names) - 1) / (MOST_TEACHERS - 1))] for place in range(MOST_TEACHERS)]


def budgets_of(table: Table) -> list[Budget]:
    """The quartiles of the networks' MACs, rounded down to two digits, once each."""
    quartiles = table.macs.double().quantile(torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64))
    return list(dict.fromkeys(Budget(_two_digits(int(macs))) for macs in quartiles.tolist()))


def _two_digits(number: int) -> int:
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit


def _task(table: Table, column: str, teacher: str, budget: Budget) -> TabulatedTask:
    attack, threat = column.split()
    task = Task(table.dataset, AttackName.parse(attack), TeacherName.parse(teacher), budget)
    return TabulatedTask(table, task, ThreatModel.parse(threat), "data")


def _parsed(kind: str, table: Table, text: str) -> TabulatedTask:
    task, threat = text.split()
    return TabulatedTask(table, Task.parse(task), ThreatModel.parse(threat), kind)


def _lean(table: Table) -> Table:
    """Without what no search asks for: workers are sent it all."""
    return replace(table, verdicts={})
