"""Search methods on the tasks of an oracle: same space, cost filter, evaluator, number of queries and seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import torch
from torch import Tensor

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.oracles.landscape import Landscape
from rcnas_zoo.oracles.metrics import Run, run_of
from rcnas_zoo.oracles.tasks import TabulatedTask
from rcnas_zoo.search.answers import NEAREST, answering
from rcnas_zoo.search.given import Given
from rcnas_zoo.search.knowledge import Knowledge
from rcnas_zoo.search.method import run_searcher
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import make_searcher
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent

CHUNK = 10
"""Seeds of a job."""
COLD = "r-nas"


@dataclass(frozen=True)
class Job:
    """Some searches of one method on one task (a number), a seed each."""

    method: str
    task: int
    seeds: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Contest:
    """What all methods are given alike; called with a job, it answers with a run for each seed, or why there is none.

    Attributes:
        tasks, landscapes: one landscape for each task.
        queries: networks that a search visits.
        reward: how rewards are made.
        knowledge: what a meta-training left, if anything.
        encoder: a pre-trained state encoder for a cold agent, if there is no knowledge to take it from.
        answers: what the tables answer for networks that they do not have (see `answering`); the landscapes are the
            tables' either way.
    """

    tasks: tuple[TabulatedTask, ...]
    landscapes: tuple[Landscape, ...]
    queries: int
    reward: RewardSettings = field(default_factory=RewardSettings)
    knowledge: Knowledge | None = None
    encoder: Knowledge | None = None
    answers: str = NEAREST

    def __call__(self, job: Job) -> list[Run] | str:
        """The runs of a job; the reason, in place of them, if the method cannot search this task."""
        try:
            return [self._run(job.method, job.task, seed) for seed in job.seeds]
        except InvalidInput as error:
            return str(error)

    def _run(self, method: str, number: int, seed: int) -> Run:
        task, problem = self.tasks[number], self.tasks[number].problem
        knowledge = self.knowledge or (self.encoder if method == COLD else None)
        space, evaluator = answering(self.answers, task.table, self.reward)
        given = Given(space, self.queries, seed_on(task, seed), self.reward, knowledge)
        searcher = make_searcher(method, problem, given)
        visits = run_searcher(searcher, problem, evaluator, self.queries, 1, Silent()).visits
        return run_of(visits, self.landscapes[number])


@dataclass(frozen=True, eq=False)
class Played:
    """All searches of a method.

    Attributes:
        regrets: float64 (tasks, seeds, queries), simple regret after each query.
        to_95: int64 (tasks, seeds), queries until a network is at or above the task's 95th percentile.
    """

    regrets: Tensor
    to_95: Tensor

    @property
    def queries(self) -> int:
        """Networks that each search visited."""
        return self.regrets.shape[2]

    @property
    def final(self) -> Tensor:
        """The simple regret at the end, (tasks, seeds)."""
        return self.regrets[:, :, -1]

    def on(self, tasks: Sequence[int]) -> "Played":
        """The searches of some of the tasks."""
        index = torch.tensor(tasks, dtype=torch.int64)
        return Played(self.regrets[index], self.to_95[index])


def hold(
    contest: Contest, methods: Sequence[str], seeds: Sequence[int], workers: Workers, observer: Observer
) -> dict[str, Played | str]:
    """Let methods search; the results do not hang on the number of workers.

    Every method gets the same seeds on the same tasks, so that runs can be compared in pairs.

    Returns:
        Method to its searches, or to the reason why it cannot search.
    """
    chunks = [tuple(seeds[at : at + CHUNK]) for at in range(0, len(seeds), CHUNK)]
    # Method by method within a chunk of seeds: the pace, and with it the time left, is then the same throughout.
    jobs = [Job(method, task, chunk) for chunk, task, method in product(chunks, range(len(contest.tasks)), methods)]
    total, done = sum(len(job.seeds) for job in jobs), 0

    def tell(index: int, _: list[Run] | str) -> None:
        nonlocal done
        done += len(jobs[index].seeds)
        observer.progress("benchmark", done, total, f"{jobs[index].method} on {contest.tasks[jobs[index].task]}")

    observer.progress("benchmark", 0, total)
    results = workers.run(contest, jobs, tell)
    answers = dict(zip(jobs, results, strict=True))
    return {method: _gathered(method, chunks, len(contest.tasks), answers) for method in methods}


def seed_on(task: TabulatedTask, seed: int) -> int:
    """The seed of a search, the same for every method, and another on every task.

    With one seed for all, chance would visit the same networks on every task of a table and a budget, and the tasks'
    results would hang together.
    """
    return int(digest([str(task), seed])[:8], 16) // 2


def cold_encoder(stages: int) -> Knowledge:
    """A state encoder that was pre-trained without any evaluation (seconds), so that not every search makes its own."""
    state = Actor.fresh(RcnasSettings(), stages).state()
    return Knowledge({name: tensor for name, tensor in state.items() if name.startswith("encoder.")})


def _gathered(
    method: str, chunks: Sequence[tuple[int, ...]], tasks: int, answers: Mapping[Job, list[Run] | str]
) -> Played | str:
    rows: list[list[Run]] = [[] for _ in range(tasks)]
    for task, chunk in product(range(tasks), chunks):
        answer = answers[Job(method, task, chunk)]
        if isinstance(answer, str):
            return answer
        rows[task].extend(answer)
    regrets = torch.tensor([[run.regrets for run in row] for row in rows], dtype=torch.float64)
    return Played(regrets, torch.tensor([[run.to_95 for run in row] for row in rows]))
