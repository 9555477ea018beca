"""The short measurement before a plan: every network that will surely be trained, and some that may be."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.cost import nominal_cost
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, ProgressOnly
from rcnas_zoo.workflows.benchmarking.planning.bookkeeping import BookkeepingProbe
from rcnas_zoo.workflows.benchmarking.planning.figures import Figures, Line, NetworkFigures
from rcnas_zoo.workflows.benchmarking.planning.probe import Probe
from rcnas_zoo.workflows.benchmarking.planning.work import Training, Work
from rcnas_zoo.workflows.prepare import Prepared

SECONDS = 15.0
"""That the measurement may take, about, on as many workers as there are."""


@dataclass(frozen=True)
class Measurement:
    """What a worker answers: the figures that were asked for, and what its process took until it could work."""

    found: NetworkFigures | Line
    start_seconds: float


def calibrate(work: Work, prepared: Prepared, count: int, observer: Observer, seconds: float) -> Figures:
    """The figures that the work needs, measured by as many workers at a time as will share it.

    So what the workers cost one another, such as the bandwidth of the memory, is in the figures.

    Args:
        work: all of it, however often each part is done.
        prepared: the task and the machine.
        count: of workers.
        observer: is told of the networks done.
        seconds: that it may take, about.
    """
    networks = _networks(work)
    # From small to large, for the peak of a process's memory never falls.
    specs = sorted(networks, key=lambda spec: nominal_cost(spec).macs)
    share = seconds * count / (len(specs) + 2)
    job = prepared.final
    attacks = sorted({each.attack for _, each in work.looks} | _selections(work))
    probes: list[Probe | BookkeepingProbe] = [
        *(BookkeepingProbe(name, prepared.threat, prepared.search.source, job.device) for name in attacks),
        *(Probe(spec, tuple(networks[spec]), job.source, job.device, job.threads, share) for spec in specs),
    ]
    with Workers(count) as workers:
        answers = _run(probes, workers, observer)
    found = [answer.found for answer in answers]
    return Figures(
        networks={
            spec: each
            for spec, each in zip(specs, found[len(attacks) :], strict=True)
            if isinstance(each, NetworkFigures)
        },
        bookkeeping={name: each for name, each in zip(attacks, found, strict=False) if isinstance(each, Line)},
        start_seconds=max(answer.start_seconds for answer in answers),
    )


def _networks(work: Work) -> dict[NetworkSpec, dict[Training, None]]:
    """Each network with the trainings that it has, once each."""
    found: dict[NetworkSpec, dict[Training, None]] = {}
    for _, training in work.trainings:
        found.setdefault(training.spec, {})[training] = None
    for _, look in work.looks:
        found.setdefault(look.spec, {})
    return found


def _selections(work: Work) -> set[str]:
    return {each.recipe.selection_attack for _, each in work.trainings} - {"none"}


def _run(probes: Sequence[Probe | BookkeepingProbe], workers: Workers, observer: Observer) -> list[Measurement]:
    done = 0

    def count(index: int, answer: Measurement) -> None:
        nonlocal done
        done += 1
        observer.progress("measuring this machine", done, len(probes))

    observer.progress("measuring this machine", 0, len(probes))
    return workers.run_watched(_measure, probes, ProgressOnly(observer), count)


def _measure(probe: Probe | BookkeepingProbe, observer: Observer) -> Measurement:
    start = started()
    return Measurement(probe.measure(), start)


@lru_cache(maxsize=1)
def started() -> float:
    """Loads what a study needs; returns what this process has computed since it began."""
    # Loaded for their time and memory: what keeps studies and runs. Their own deprecations are nothing a user can mend.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
        import optuna  # noqa: F401
        from sqlalchemy.orm import configure_mappers

        configure_mappers()

    from rcnas_zoo.workflows.benchmarking import studies  # noqa: F401

    return time.process_time()
