"""What `benchmark_task` would do and cost, without running it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.benchmarking.measures import measures_of
from rcnas_zoo.workflows.benchmarking.planning.calibrate import SECONDS, calibrate
from rcnas_zoo.workflows.benchmarking.planning.forecast import Forecaster, RowForecast, paid
from rcnas_zoo.workflows.benchmarking.planning.rows import row_work, teacher_work
from rcnas_zoo.workflows.benchmarking.planning.schedule import makespan
from rcnas_zoo.workflows.benchmarking.planning.work import RowWork, Work
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.machine import Machine, available_cores
from rcnas_zoo.workflows.prepare import prepare


@dataclass(frozen=True)
class BenchmarkPlan:
    """What a benchmark would do and cost.

    Attributes:
        task, threat: as texts.
        seeds, trials: how often each row is made.
        device: where.
        workers: processes that share the studies.
        rows: what each row would take, for each seed.
        teacher_seconds: of one worker, for each seed, before its studies.
        seconds: of all workers together, where shared work counts once.
        wall_seconds: from beginning to end.
        notes: what the user should know.
    """

    task: str
    threat: str
    seeds: tuple[int, ...]
    trials: int
    device: str
    workers: int
    rows: tuple[RowForecast, ...]
    teacher_seconds: float
    seconds: float
    wall_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def peak_bytes(self) -> int:
        """The most memory of one process."""
        return max((row.peak_bytes for row in self.rows), default=0)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            **asdict(self),
            "seeds": list(self.seeds),
            "notes": list(self.notes),
            "rows": [self._row(row) for row in self.rows],
            "peak_bytes": self.peak_bytes,
            "peak_bytes_of_workers": self.peak_bytes * self.workers,
        }

    def networks(self, row: RowForecast) -> tuple[int, int]:
        """How many networks a row trains, and how many it attacks: each trial's and the best one on the test split."""
        trained = row.networks * self.trials * len(self.seeds)
        return trained, trained + (0 if row.infeasible else len(self.seeds))

    def _row(self, row: RowForecast) -> dict[str, Any]:
        if row.infeasible:
            return {"method": row.method, "infeasible": row.infeasible}
        trained, attacked = self.networks(row)
        return {
            "method": row.method,
            "trained": trained,
            "attacked": attacked,
            "seconds_per_seed": row.seconds,
            "seconds": row.seconds * len(self.seeds),
            "peak_bytes": row.peak_bytes,
        }


def plan_benchmark(
    task: Task,
    settings: TaskBenchmarkSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    seconds: float | None = None,
) -> BenchmarkPlan:
    """The plan of a benchmark, from a short measurement; nothing is kept, and what the cache holds is not looked for.

    Searches are planned by the networks that they propose before they hear of any, all seeds like the first.

    Args:
        task: what all rows are for.
        settings: which rows, how often and how long.
        machine: where it would run.
        observer: is told how far the measurement is.
        seconds: that it may take, about; None for `SECONDS`.

    Raises:
        InvalidInput: the task, the settings, the data and the policy do not fit one another.
        NotFound: data or policy are absent.
    """
    settings, machine, watcher = settings or TaskBenchmarkSettings(), machine or Machine(), observer or Silent()
    prepared = prepare(task, settings.of_seed(settings.seeds[0]), machine)
    measures = measures_of(task, settings, prepared.threat, prepared.teacher.spec.classes).each
    rows, teacher = [row_work(method, prepared, measures) for method in settings.methods], teacher_work(prepared)
    workers = machine.worker_count()
    figures = calibrate(_all(rows, teacher), prepared, workers, watcher, seconds or SECONDS)
    forecaster = Forecaster(figures, prepared.final.device.partition(":")[0], prepared.teacher.spec.classes)
    studies = paid(rows, forecaster, settings.trials)
    first, seeds = forecaster.seconds(teacher), len(settings.seeds)
    wall = figures.start_seconds + makespan([first] * seeds, workers) + makespan(studies * seeds, workers)
    return BenchmarkPlan(
        task=str(task),
        threat=str(prepared.threat),
        seeds=tuple(settings.seeds),
        trials=settings.trials,
        device=prepared.final.device,
        workers=workers,
        rows=tuple(forecaster.row(row, settings.trials) for row in rows),
        teacher_seconds=first,
        seconds=seeds * (first + sum(studies)),
        wall_seconds=wall * _crowding(workers, prepared.final.device),
        notes=prepared.notes,
    )


def _all(rows: Sequence[RowWork], teacher: Work) -> Work:
    return sum((row.trial + row.test for row in rows), teacher)


def _crowding(workers: int, device: str) -> float:
    """How many workers share a core."""
    return 1.0 if device.startswith("cuda") else max(1.0, workers / available_cores())
