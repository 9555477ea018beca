"""A task that a table answers."""

from dataclasses import dataclass

from rcnas_zoo.oracles.problems import problem_on
from rcnas_zoo.oracles.table import Table
from rcnas_zoo.spec.search import SearchProblem
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

TRAINING = "training"


@dataclass(frozen=True, eq=False)
class TabulatedTask:
    """A task on a table.

    Attributes:
        table: the networks to choose from.
        task: data set, attack, teacher and budget.
        threat: the radius.
        kind: ``training``, or what is new about it to those who have trained.
    """

    table: Table
    task: Task
    threat: ThreatModel
    kind: str = TRAINING

    def __str__(self) -> str:
        return f"{self.task} {self.threat}"

    @property
    def problem(self) -> SearchProblem:
        """The search problem; raises as `problem_on`."""
        return problem_on(self.table, self.task, self.threat)
