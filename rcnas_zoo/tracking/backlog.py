"""What work says of itself on its way to its run: kept in memory until the store has taken it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.client import batches
from rcnas_zoo.tracking.link import Link

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

WARNINGS_TAG = "rcnas.warnings"

# Limits of MLflow's log_batch and of its tags.
METRICS_A_BATCH = 1000
TAG_LENGTH = 5000

RETRY_SECONDS = 5.0
"""How long a store that was silent is left alone at least."""

RETRY_SHARE = 10
"""It is also left alone this many times as long as it was waited for, so that the work loses a tenth at most."""


class Backlog:
    """Metrics and warnings that may arrive later than they are said, with the time at which they were said.

    Work never fails for them: what the store does not take is kept, a person is told once, and the store is asked
    again now and then. Memory is enough, for work that is cut off and resumed says everything again; a metric that
    the run has at a step already is then dropped.
    """

    def __init__(self, link: Link, client: MlflowClient, run: Run) -> None:
        self._link = link
        self._client = client
        self._id = run.info.run_id
        self._named_before = set(run.data.metrics)
        self._steps: dict[str, set[int]] = {}
        self._waiting: dict[tuple[str, int], Metric] = {}
        self._warnings = run.data.tags.get(WARNINGS_TAG, "").splitlines()
        self._warnings_wait = False
        self._next_attempt = 0.0
        self._silent = False

    def metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Numbers that belong to one step; they arrive now, or when the store takes them."""
        self.add(metrics, step)
        self._offer()

    def warning(self, message: str) -> None:
        """A line of the tag ``rcnas.warnings``; it arrives now, or when the store takes it."""
        if message not in self._warnings:
            self._warnings.append(message)
            self._warnings_wait = True
            self._offer()

    def add(self, metrics: Mapping[str, float], step: int) -> None:
        """Numbers that belong to one step; they wait."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        for name, value in metrics.items():
            self._waiting.setdefault((name, step), Metric(name, value, now, step))

    def settle(self) -> None:
        """Deliver everything, with patience.

        Raises:
            Unavailable: the store does not take it; what it names is given up.
        """
        if not self._waiting and not self._warnings_wait:
            return
        try:
            with self._link.patiently(self._summary()):
                self.deliver()
        except Unavailable:
            self._waiting, self._warnings_wait = {}, False
            raise

    def deliver(self) -> None:
        """Deliver everything now; MLflow's errors pass, and what had not arrived still waits."""
        from mlflow.entities import RunTag

        for keys in batches(list(self._waiting), METRICS_A_BATCH):
            new = [self._waiting[name, step] for name, step in keys if step not in self._known_steps(name)]
            self._client.log_batch(self._id, metrics=new)
            for name, step in keys:
                self._known_steps(name).add(step)
                del self._waiting[name, step]
        if self._warnings_wait:
            text = "\n".join(self._warnings)[-TAG_LENGTH:]
            self._client.log_batch(self._id, tags=[RunTag(WARNINGS_TAG, text)])
            self._warnings_wait = False

    def _offer(self) -> None:
        started = time.monotonic()
        if started < self._next_attempt:
            return
        try:
            with self._link.briefly():
                self.deliver()
            self._silent = False
        except Unavailable as error:
            now = time.monotonic()
            self._next_attempt = now + max(RETRY_SECONDS, RETRY_SHARE * (now - started))
            self._tell(error)

    def _tell(self, error: Unavailable) -> None:
        if not self._silent:
            self._silent = True
            self._link.people.warning(f"{error}; the work goes on, and what it logs is kept until the store takes it")

    def _known_steps(self, name: str) -> set[int]:
        if name not in self._steps:
            known = self._client.get_metric_history(self._id, name) if name in self._named_before else []
            self._steps[name] = {point.step for point in known}
        return self._steps[name]

    def _summary(self) -> str:
        names = ", ".join(sorted({name for name, _ in self._waiting}))
        steps = [step for _, step in self._waiting]
        metrics = [f"{names} (steps {min(steps)} to {max(steps)})"] if steps else []
        return " and ".join([*metrics, *(["warnings"] if self._warnings_wait else [])])
