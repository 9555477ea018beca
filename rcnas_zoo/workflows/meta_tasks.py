"""What a meta-training learns from, where networks are really trained and attacked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rcnas_zoo.candidates.evaluator import TrainingEvaluator
from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.training import TrainingJob
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import RcnasError
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.workflows.budgets import check_budget
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.prepare import check_searchable, search_job
from rcnas_zoo.workflows.problem import teacher_facts
from rcnas_zoo.workflows.settings import Proxy
from rcnas_zoo.workflows.teachers import find_teacher


@dataclass(frozen=True)
class TaskJob:
    """A task whose every part is known to fit.

    Attributes:
        posed: the task under its threat.
        teacher: its own teacher.
        training: how that is trained; with another spec, how a candidate is.
        note: what the user should know.
    """

    posed: PosedTask
    teacher: ResidualSpec
    training: TrainingJob
    note: str


def prepare_task(posed: PosedTask, proxy: Proxy, machine: Machine) -> TaskJob:
    """Check a task against its teacher and data; the errors name it.

    Raises:
        InvalidInput: threat, budget, teacher and data do not fit one another.
        NotFound: the data are absent.
    """
    try:
        return _prepare(posed, proxy, machine)
    except RcnasError as error:
        raise type(error)(f"the task {posed}: {error}") from error


def _prepare(posed: PosedTask, proxy: Proxy, machine: Machine) -> TaskJob:
    check_searchable(posed.threat)
    task, source = posed.task, DataSource(posed.task.dataset, machine.data_root, machine.download)
    # A known data set is opened last: it may be large, or absent.
    facts = DATASETS.get(task.dataset) or source.dataset()
    teacher = find_teacher(task, None, facts.shape, facts.classes, machine).spec
    note = check_budget(task.budget, teacher)
    # Networks are visited one at a time, so each has all cores, of which small ones take one.
    job = search_job(teacher, source, posed.threat, proxy, machine, available_cores())
    return TaskJob(posed, teacher, job, f"{posed}: {note}" if note else "")


class TrainedTasks:
    """`MetaTasks` by training: teachers, students and candidates all go through the cache.

    Args:
        jobs: the tasks.
        workers: where candidates are trained.
        reward: how rewards are made.
        observer: hears of the trainings of teachers.
    """

    def __init__(self, jobs: Sequence[TaskJob], workers: Workers, reward: RewardSettings, observer: Observer) -> None:
        self._jobs = tuple(jobs)
        self._evaluators = [TrainingEvaluator(job.training, workers, reward) for job in jobs]
        self._observer = observer
        self._facts: dict[tuple[str, str, str, str], TeacherFacts] = {}

    @property
    def names(self) -> Sequence[str]:
        """See `MetaTasks.names`."""
        return [str(job.posed) for job in self._jobs]

    def roots(self, number: int) -> Sequence[ResidualSpec]:
        """See `MetaTasks.roots`: the task's own teacher, then those of the other tasks on the same data set."""
        own = self._jobs[number]
        others = (job.teacher for job in self._jobs if job.posed.task.dataset == own.posed.task.dataset)
        return list(dict.fromkeys((own.teacher, *others)))

    def problem(self, number: int, teacher: ResidualSpec, budget: int) -> SearchProblem:
        """See `MetaTasks.problem`; a student whose training diverged is taken with its last finite weights.

        Raises:
            Diverged: the training of one of the task's own teachers gave no finite loss.
        """
        job = self._jobs[number]
        task = replace(job.posed.task, budget=Budget(budget))
        samples = len(job.training.source.splits().evaluation)
        return SearchProblem(task, job.posed.threat, self._teacher_facts(number, teacher), samples)

    def budget(self, number: int) -> int:
        """See `MetaTasks.budget`."""
        return self._jobs[number].posed.task.budget.macs

    def space(self, number: int, teacher: ResidualSpec) -> ResidualSpace:
        """See `MetaTasks.space`."""
        return ResidualSpace(teacher)

    def evaluator(self, number: int) -> TrainingEvaluator:
        """See `MetaTasks.evaluator`."""
        return self._evaluators[number]

    def _teacher_facts(self, number: int, teacher: ResidualSpec) -> TeacherFacts:
        """Once for each data set, attack, threat and teacher, whatever the budget."""
        job = self._jobs[number]
        key = (job.posed.task.dataset, str(job.posed.task.attack), str(job.posed.threat), teacher.digest)
        if key not in self._facts:
            training, is_root = replace(job.training, spec=teacher), teacher in self.roots(number)
            self._facts[key] = teacher_facts(training, job.posed, self._observer, may_diverge=not is_root)
        return self._facts[key]
