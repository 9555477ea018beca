"""How far `rcnas-zoo plan TASK --methods ...` is off: each row is planned, then really run, one after the other.

python benchmarks/plan_error.py --task digits/pgd-20/wrn-10-1/500k --methods random,sat,trades,hydra,advrush

python benchmarks/report.py

A row runs alone in a fresh process, on one core, beside teachers that are trained already and an otherwise empty cache.
Its time is what the process computed from when it could work on; its memory is the most that it ever had.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import click
from machine import facts
from report_rows import plans
from results import FOLDER, Results

from rcnas_zoo.execution.device import pick_device
from rcnas_zoo.execution.threads import one_thread_for_children, one_torch_thread
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.benchmarking.planning.calibrate import started
from rcnas_zoo.workflows.benchmarking.planning.plan import plan_benchmark
from rcnas_zoo.workflows.benchmarking.planning.probe import peak_of_process
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.studies import StudyJob, run_study
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import prepare
from rcnas_zoo.workflows.problem import make_problem

T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One row to plan and run.

    Attributes:
        task, settings: of a benchmark of this row alone.
        cache: where its teacher is.
    """

    task: Task
    settings: TaskBenchmarkSettings
    cache: Path

    @property
    def machine(self) -> Machine:
        """One core."""
        return Machine(workers=1, device="cpu", cache=self.cache)

    @property
    def job(self) -> StudyJob:
        """The row's study."""
        return StudyJob(self.task, self.settings, self.settings.methods[0], self.settings.seeds[0], self.machine)


def planned(case: Case) -> tuple[float, float, str]:
    """Seconds and bytes that the plan tells, and why the row cannot be."""
    row = plan_benchmark(case.task, case.settings, case.machine).rows[0]
    return row.seconds, row.peak_bytes, row.infeasible


def teacher(case: Case) -> tuple[float, int]:
    """Trains the teacher of the searches."""
    before = started()
    with one_torch_thread():
        job = case.job
        make_problem(prepare(job.task, job.settings.of_seed(job.seed), job.machine), Silent())
    return time.process_time() - before, peak_of_process()


def ran(case: Case) -> tuple[float, int]:
    """Seconds and bytes of the row."""
    before = started()
    with tempfile.TemporaryDirectory() as folder, one_torch_thread():
        cache = Path(folder) / "cache"
        shutil.copytree(case.cache, cache)
        run_study(replace(case, cache=cache).job, Silent())
        return time.process_time() - before, peak_of_process()


@click.command(help=__doc__)
@click.option("--task", default="digits/pgd-20/wrn-10-1/500k", show_default=True)
@click.option("--methods", default="random,sat,trades,hydra,advrush", show_default=True)
@click.option("--iterations", default=10, show_default=True)
@click.option("--search-epochs", default=0)
@click.option("--final-epochs", default=0)
@click.option("--subset-samples", default=64, show_default=True)
@click.option("--policy", default="", help="As of the benchmark.")
@click.option("--results", type=click.Path(path_type=Path), default=FOLDER, show_default=True)
def main(task: str, methods: str, iterations: int, policy: str, results: Path, **sizes: int) -> None:
    kept = Results.open(results / "plan-error.json", facts(pick_device("cpu")))
    whole = TaskBenchmarkSettings(methods.split(","), (0,), visits=iterations, policy=policy, **sizes)
    size = {"task": task, "iterations": iterations, **sizes}
    with tempfile.TemporaryDirectory() as folder:
        case = Case(Task.parse(task), whole, Path(folder))
        _alone(teacher, case)
        for method in whole.methods:
            if not kept.find(method=method, **size):
                _measure(replace(case, settings=replace(whole, methods=(method,))), size, kept)
    click.echo(plans(kept))


def _measure(case: Case, size: dict[str, object], kept: Results) -> None:
    seconds, size_planned, infeasible = _alone(planned, case)
    if infeasible:
        print(case.job.method, infeasible, file=sys.stderr, flush=True)
        return
    took, peak = _alone(ran, case)
    found = {"planned": round(seconds, 2), "took": round(took, 2), "planned_bytes": size_planned, "peak_bytes": peak}
    kept.add({**size, "method": case.job.method, **found})
    print(case.job.method, found, file=sys.stderr, flush=True)


def _alone(function: Callable[[Case], T], case: Case) -> T:
    """What the function answers in a fresh process."""
    with one_thread_for_children(), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, case).result()


if __name__ == "__main__":
    main()
