"""What the steps of one fine-tuning run share while it runs."""

from dataclasses import dataclass

from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.runs import TrackedRun
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.prepare import Prepared


@dataclass(frozen=True)
class Session:
    """A prepared run with its MLflow run, its worker processes and whoever watches."""

    prepared: Prepared
    store: Store
    run: TrackedRun
    workers: Workers
    observer: Observer
