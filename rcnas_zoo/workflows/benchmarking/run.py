"""A benchmark on one task: every method under every seed, and the table of them all."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from rcnas_zoo.baselines.rows import Row, SeedResult
from rcnas_zoo.baselines.table import BenchmarkTable
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.errors import Diverged, InvalidInput
from rcnas_zoo.spec.observer import Observer, ProgressOnly, Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.listing import PROGRESS_TAG
from rcnas_zoo.tracking.runs import TrackedRun
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.benchmarking.folder import page_files, write_pages
from rcnas_zoo.workflows.benchmarking.making import check, shared_pruning
from rcnas_zoo.workflows.benchmarking.measures import measures_of
from rcnas_zoo.workflows.benchmarking.methods import PRUNING, REFERENCE, SEARCH
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.shared import shared_settings
from rcnas_zoo.workflows.benchmarking.studies import StudyJob, run_study, study_plan
from rcnas_zoo.workflows.benchmarking.tracked import benchmark_run
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared, prepare
from rcnas_zoo.workflows.problem import make_problem
from rcnas_zoo.workflows.report_folder import check_new


def benchmark_task(
    task: Task,
    settings: TaskBenchmarkSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    to: Path | None = None,
    command: str = "",
) -> BenchmarkTable:
    """Compare methods on a task: each the best of as many trials, measured once on the test split, for every seed.

    Whatever was trained, attacked or studied before is taken from the cache, so the same command goes on where it was
    cut off, and one with more methods, seeds or trials runs what is missing. Several processes may work at it at once.

    Args:
        task: what all rows are for.
        settings: which rows, how often and how long.
        machine: where it runs; its workers take studies, each one at a time.
        observer: who watches.
        to: a new folder for the tables, the page and the pictures; None for none.
        command: the command line that resumes this, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: the task, the settings, the data and the policy do not fit one another.
        NotFound: data or policy are absent.
        Unavailable: the store or the cache cannot be used.
    """
    if to is not None:
        check_new(to)
    settings, machine, watcher = settings or TaskBenchmarkSettings(), machine or Machine(), observer or Silent()
    first = prepare(task, settings.of_seed(settings.seeds[0]), machine)
    measures_of(task, settings, first.threat, first.teacher.spec.classes)  # an attack that cannot be made is told now
    store = current_store()
    study_plan(StudyJob(task, settings, settings.methods[0], settings.seeds[0], machine), first)  # its storage too
    with benchmark_run(first, settings, machine, store, watcher, command) as run:
        jobs = [
            StudyJob(task, settings, method, seed, machine, store, run.id)
            for seed in settings.seeds
            for method in settings.methods
        ]
        with Workers(machine.worker_count()) as workers:
            _train_teachers(task, settings, machine, workers, watcher)
            found = _run(jobs, workers, watcher, run)
        made = _table(first, settings, dict(zip(jobs, found, strict=True)))
        notes = (*made.notes, *_longer_prunings(first, made))
        table = replace(made, settings=shared_settings(first, settings), notes=notes)
        run.metrics({f"{row.method}.robust_accuracy": row.estimate("robust").mean for row in table.measured}, 0)
        teacher = teacher_spec(task.teacher, first.teacher.spec.input, first.teacher.spec.classes)
        for name, content in page_files(table, teacher).items():
            run.artifact(name, content)
    if to is not None:
        write_pages(to, table, teacher)
    return table


def _train_teachers(
    task: Task, settings: TaskBenchmarkSettings, machine: Machine, workers: Workers, observer: Observer
) -> None:
    """The teachers of the searches, one a seed, so that no two studies train the same one at the same time."""
    seeds = [(task, settings, seed, machine) for seed in settings.seeds]
    workers.run_watched(_train_teacher, seeds, ProgressOnly(observer), lambda index, result: None)


def _train_teacher(job: tuple[Task, TaskBenchmarkSettings, int, Machine], observer: Observer) -> None:
    task, settings, seed, machine = job
    prepared = prepare(task, settings.of_seed(seed), machine)
    if not any(_can(method, prepared) for method in settings.methods if method in SEARCH):
        return
    with suppress(Diverged):  # the studies that need it will tell
        make_problem(prepared, observer)


def _can(method: str, prepared: Prepared) -> bool:
    with suppress(InvalidInput):
        check(method, prepared)
        return True
    return False


def _run(jobs: Sequence[StudyJob], workers: Workers, observer: Observer, run: TrackedRun) -> list[SeedResult | str]:
    done = 0

    def count(index: int, result: SeedResult | str) -> None:
        nonlocal done
        done += 1
        run.tag(PROGRESS_TAG, f"{done}/{len(jobs)} studies")
        observer.progress("benchmark", done, len(jobs), f"{jobs[index].method}, seed {jobs[index].seed}")

    observer.progress("benchmark", 0, len(jobs))
    return workers.run_watched(run_study, jobs, ProgressOnly(observer), count)


def _longer_prunings(prepared: Prepared, table: BenchmarkTable) -> list[str]:
    """Which prunings take more epochs than the other rows, since each of their stages must have at least one."""
    epochs = prepared.final.recipe.epochs
    methods = [row.method for row in table.measured if row.method in PRUNING]
    pruned = {method: shared_pruning(method, prepared).epochs for method in methods}
    return [
        f"{method} takes {count} epochs, its stages cannot be shorter, the other rows {epochs}; compare with care"
        for method, count in pruned.items()
        if count > epochs
    ]


def _table(
    prepared: Prepared, settings: TaskBenchmarkSettings, found: dict[StudyJob, SeedResult | str]
) -> BenchmarkTable:
    rows, notes = [], list(prepared.notes)
    for method in settings.methods:
        answers = {job.seed: answer for job, answer in found.items() if job.method == method}
        results = tuple(answer for answer in answers.values() if isinstance(answer, SeedResult))
        reasons = {seed: answer for seed, answer in answers.items() if isinstance(answer, str)}
        infeasible = "" if results else "; ".join(dict.fromkeys(reasons.values()))
        rows.append(Row(method, prepared.task.budget.macs, results, infeasible, method in REFERENCE))
        if results:
            notes += [f"{method} has no result under seed {seed}: {reason}" for seed, reason in reasons.items()]
    return BenchmarkTable(
        task=str(prepared.task),
        threat=str(prepared.threat),
        budget=prepared.task.budget.macs,
        seeds=tuple(settings.seeds),
        trials=settings.trials,
        rows=tuple(rows),
        notes=tuple(notes),
    )
