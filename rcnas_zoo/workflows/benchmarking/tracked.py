"""The run of a benchmark on a task."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rcnas_zoo.execution.locks import lock
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.listing import COMMAND_TAG
from rcnas_zoo.tracking.runs import HOLDER_TAG, TrackedRun, holder_of, open_run, unfinished_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.tracked_run import KEY_TAG
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared

MOST_NAMED = 4
"""Methods that the name of a run tells one by one."""


@contextmanager
def benchmark_run(
    prepared: Prepared,
    settings: TaskBenchmarkSettings,
    machine: Machine,
    store: Store,
    people: Observer,
    command: str = "",
) -> Iterator[TrackedRun]:
    """The run of a benchmark: that of the same one if it was cut off, unless another process is at it; else a new one.

    Raises:
        Unavailable: the store or the cache cannot be used.
    """
    key = digest(["benchmark", str(prepared.task), repr(settings), prepared.final.key(), prepared.search.key()])
    holder = holder_of(machine.cache)
    asked = {name: ",".join(getattr(settings, name)) for name in ("methods", "attacks", "radii")}
    parameters = {"resolved_task": str(prepared.task), "trials": settings.trials, **asked}
    with lock(machine.cache / "locks", key) as alone:
        # A run that two processes have open would be ended by the first.
        resume = unfinished_run(store, key, holder) if alone else None
        tags = {KEY_TAG: key, HOLDER_TAG: holder} if alone else {}
        tags = {**tags, COMMAND_TAG: command}
        with open_run(store, "benchmark", run_name(prepared, settings), parameters, tags, resume, people) as run:
            yield run


def run_name(prepared: Prepared, settings: TaskBenchmarkSettings) -> str:
    """Task, methods and seeds, in short."""
    return f"benchmark {prepared.task}, {_some('methods', settings.methods)}, {_some('seeds', settings.seeds)}"


def _some(what: str, values: Sequence[object]) -> str:
    if len(values) > MOST_NAMED:
        return f"{len(values)} {what}"
    return f"{what if len(values) > 1 else what.removesuffix('s')} {' '.join(map(str, values))}"
