"""Whole jobs on the digits; each run that many tests look at is made once."""

import sys
from collections.abc import Iterator

import pytest

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.runs import open_run
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows import prepare, rows
from rcnas_zoo.workflows.finals import run_final
from rcnas_zoo.workflows.finetune import finetune
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.settings import FinetuneSettings
from rcnas_zoo.workflows.train import TrainSettings, train

from .quick import QUICK_PLAN, TASK, Made, Trained, quick_settings, using

NETS = """
from dataclasses import dataclass

import torch
from torch import nn

from beside import CLASSES

@dataclass
class Settings:
    width: int = CLASSES

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, Settings().width)).train()

def wide():
    return nn.Flatten()

def number():
    return 3

def broken():
    raise KeyError("weights")
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "beside.py").write_text("CLASSES = 10\n")
    return tmp_path / "nets.py"


@pytest.fixture
def here(store, monkeypatch) -> Store:
    """An empty store of this test alone, the current one."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    return store


@pytest.fixture
def machine(tmp_path) -> Machine:
    """A machine of this test alone, with one worker: this process."""
    return Machine(workers=1, cache=tmp_path / "cache")


@pytest.fixture
def quick_plan(monkeypatch) -> None:
    """The test split is asked for little."""
    monkeypatch.setattr(prepare, "final_plan", lambda *_: QUICK_PLAN)


@pytest.fixture
def no_test_images(monkeypatch) -> None:
    """The test split must stay closed."""
    monkeypatch.setattr(Dataset, "test", lambda _: pytest.fail("the test split was opened"))


@pytest.fixture(scope="session")
def compared(tmp_path_factory, new_store) -> Made:
    """A whole run with every row, as a user would start it."""
    folder, events, open_test = tmp_path_factory.mktemp("compared"), [], Dataset.test
    store, machine = new_store(folder / "store"), Machine(workers=1, cache=folder / "cache")
    settings = FinetuneSettings(
        policy="none",
        iterations=2,
        agent=RcnasSettings(steps=2),
        search_epochs=1,
        final_epochs=1,
        subset_samples=4,
        compare=("teacher", "robustresnet", "random"),
    )
    with using(store) as patch:
        patch.setattr(Dataset, "test", lambda self: events.append("test") or open_test(self))
        patch.setattr(rows, "run_final", lambda *given: events.append("final") or run_final(*given))
        result = finetune(Task.parse("digits/pgd-20/wrn-10-2/2m"), settings, machine, command="rcnas-zoo finetune x")
    return Made(result, store, machine, tuple(events))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, new_store) -> Made:
    """A quick run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed")
    store, machine = new_store(folder / "store"), Machine(workers=1, cache=folder / "cache")
    with using(store) as patch:
        patch.setattr(prepare, "final_plan", lambda *_: QUICK_PLAN)
        return Made(finetune(TASK, quick_settings(), machine), store, machine)


@pytest.fixture
def session(undisturbed, here) -> Iterator[Session]:
    """A run under way whose teacher, candidates and final are in the cache."""
    prepared = prepare.prepare(TASK, quick_settings(), undisturbed.machine)
    with open_run(here, "finetune", str(TASK), {}) as run, Workers(1) as workers:
        yield Session(prepared, here, run, workers, Silent())


@pytest.fixture(scope="session")
def trained(tmp_path_factory, new_store) -> Trained:
    """WRN-10-1 after one epoch on the digits, named `mine`."""
    folder = tmp_path_factory.mktemp("trained")
    store, machine = new_store(folder / "store"), Machine(cache=folder / "cache")
    settings = TrainSettings(epochs=1, attacks=("pgd-2",))
    with using(store):
        return Trained(train("wrn-10-1", "digits", folder / "mine", settings, machine), store)
