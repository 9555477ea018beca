"""Meta-training on tables: the same algorithm, and no training."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.oracles.replay import ReplayEvaluator
from rcnas_zoo.oracles.table import column_name
from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.search.tabulated import TabulatedSpace
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts


@dataclass(frozen=True, eq=False)
class TabulatedTasks:
    """`MetaTasks` on tables.

    Students as teachers have the accuracy of their row; Lipschitz statistics are tabulated for the tables' own
    teachers alone, so a student has those of the task's.

    Attributes:
        tasks: the tasks.
        reward: how rewards are made.
    """

    tasks: Sequence[TabulatedTask]
    reward: RewardSettings = field(default_factory=RewardSettings)

    @property
    def names(self) -> Sequence[str]:
        """See `MetaTasks.names`."""
        return [str(task) for task in self.tasks]

    def roots(self, number: int) -> Sequence[ResidualSpec]:
        """See `MetaTasks.roots`: all teachers that the tasks of the same data set name and that were attacked so."""
        own, column = self.tasks[number], self._column(number)
        named = [str(t.task.teacher) for t in self.tasks if t.table is own.table]
        attacked = [name for name in named if column in own.table.teachers[name].accuracy]
        return [own.table.teachers[name].spec for name in dict.fromkeys([str(own.task.teacher), *attacked])]

    def budget(self, number: int) -> int:
        """See `MetaTasks.budget`."""
        return self.tasks[number].task.budget.macs

    def problem(self, number: int, teacher: ResidualSpec, budget: int) -> SearchProblem:
        """See `MetaTasks.problem`."""
        own = self.tasks[number]
        problem = own.problem
        price, column = cost(teacher), self._column(number)
        named = {t.spec: t for t in own.table.teachers.values() if column in t.accuracy}.get(teacher)
        if named is not None:
            accuracy, lips = named.accuracy[column], named.lips.get(column, problem.teacher.lips)
        else:
            accuracy, lips = float(own.table.accuracy[column][own.table.row_of(teacher)]), problem.teacher.lips
        facts = TeacherFacts(teacher, price.parameters, price.macs, accuracy, lips)
        return replace(problem, teacher=facts, task=replace(own.task, budget=Budget(budget)))

    def space(self, number: int, teacher: ResidualSpec) -> ResidualSpace:
        """See `MetaTasks.space`: the table, as shares of its grid, or of a student that is compressed further."""
        table = self.tasks[number].table
        whole = table.grid if teacher in {t.spec for t in table.teachers.values()} else teacher
        return TabulatedSpace(whole, table)

    def evaluator(self, number: int) -> ReplayEvaluator:
        """See `MetaTasks.evaluator`."""
        return ReplayEvaluator(self.tasks[number].table, self.reward)

    def _column(self, number: int) -> str:
        own = self.tasks[number]
        return column_name(str(own.task.attack), own.threat)
