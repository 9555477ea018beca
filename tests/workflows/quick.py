"""The smallest runs on the digits that are still whole ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.finals import FinalPlan
from rcnas_zoo.workflows.finetune import FinetuneResult
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.zoo.entry import Entry

from ..conftest import forget_mlflow

TASK = Task.parse("digits/pgd-2/wrn-10-1/500k")
QUICK_AGENT = RcnasSettings(pretraining_tasks=32, pretraining_steps=2)
QUICK_PLAN = FinalPlan(("pgd-2",))


def quick_settings(**changes) -> FinetuneSettings:
    """Four networks, an epoch each, by a fresh agent."""
    asked = {"policy": "none", "iterations": 4, "search_epochs": 1, "final_epochs": 1, "agent": QUICK_AGENT, **changes}
    return FinetuneSettings(**asked)


@contextmanager
def using(store: Store) -> Iterator[pytest.MonkeyPatch]:
    """Within: this store is the current one."""
    with pytest.MonkeyPatch.context() as patch:
        forget_mlflow(patch)
        patch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
        yield patch


@dataclass(frozen=True)
class Made:
    """A finished run, where it is kept, and in which order networks were kept and the test split was opened."""

    result: FinetuneResult
    store: Store
    machine: Machine
    events: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """An entry that `train` made, and where its run is kept."""

    entry: Entry
    store: Store


class Heard(Silent):
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.steps: list[tuple[str, int, int, str]] = []

    def epoch(self, number, total, metrics) -> None:
        self.epochs.append(number)

    def progress(self, label, done, total, note="") -> None:
        self.steps.append((label, done, total, note))


def cache_keys(machine: Machine, kind: str) -> set[str]:
    """The keys of the entries of one kind in a machine's cache."""
    return {path.name for path in (machine.cache / kind).glob("*/*") if len(path.name) == 64}
