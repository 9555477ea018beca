"""From a training to an entry folder, in a run that is taken up again if it was cut off."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rcnas_zoo.execution.locks import exclusive
from rcnas_zoo.execution.torchrun import join_team, world_size
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput, RcnasError
from rcnas_zoo.spec.observer import Observer, Silent, Together
from rcnas_zoo.tracking.observer import RunObserver
from rcnas_zoo.tracking.runs import HOLDER_TAG, TrackedRun, holder_of, open_run, unfinished_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.training.history import TrainingResult
from rcnas_zoo.workflows.finals import FinalJob, finish, metrics_on_test, refuse_diverged, train_fully
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.zoo.entry import Entry, read_entry
from rcnas_zoo.zoo.files import check_place
from rcnas_zoo.zoo.names import check_name
from rcnas_zoo.zoo.writing import write_entry


@dataclass(frozen=True)
class EntryPlan:
    """A training that becomes an entry, and what its run and its record say of it.

    Attributes:
        workflow: the command that asked, ``train`` or ``retrain``.
        title: name of the run.
        asked: what was asked for; parameters of the run.
        job: the training, and what the test split is asked.
        lineage: where the network comes from; the run is added.
        command: the command line that resumes the run, for `rcnas-zoo runs`.
    """

    workflow: str
    title: str
    asked: Mapping[str, str | int | float]
    job: FinalJob
    lineage: Mapping[str, Any]
    command: str = ""

    def key(self, processes: int) -> str:
        """Digest of everything that decides the result; an interrupted run is found again by it."""
        training = self.job.training.key(processes)
        pruning = [self.job.pruning.digest] if self.job.pruning else []
        return digest([self.workflow, training, str(self.job.threat), list(self.job.plan.attacks), *pruning])


def train_entry(plan: EntryPlan, to: Path, observer: Observer) -> Entry:
    """Do what the plan says in a run of its own, and write the entry folder ``to``.

    Under torchrun this is the part of the first process; the others give their hand with `lend_a_hand`.

    Raises:
        InvalidInput: ``to`` exists, or its name is none for an entry.
        NotFound: data are absent.
        Unavailable: tracking store, cache or disk cannot be used, the same training is under way already, or it
            diverged.
    """
    check_name(to.name)
    made_by = _made_by(to)
    check_place(to)
    training, store = plan.job.training, current_store()
    key, holder = plan.key(world_size()), holder_of(training.cache)
    parameters = {**plan.asked, "recipe": canonical_json(training.recipe.to_dict())}
    tags = {"rcnas.key": key, "rcnas.command": plan.command, HOLDER_TAG: holder}
    with exclusive(training.cache / "locks", key):
        resume = unfinished_run(store, key, holder)
        if made_by is not None and made_by != resume:
            raise _occupied(to)
        with open_run(store, plan.workflow, plan.title, parameters, tags, resume, observer) as run:
            return _train_in(run, plan, to, observer, again=made_by is not None)


def lend_a_hand(plan: EntryPlan) -> None:
    """The part of every process of torchrun but the first: its share of each batch, and nothing else."""
    _train_together(plan, Silent())


def _train_together(plan: EntryPlan, observer: Observer) -> tuple[FinalJob, TrainingResult]:
    with join_team(torch.device(plan.job.training.device)) as team:
        return train_fully(plan.job, observer, team)


def _train_in(run: TrackedRun, plan: EntryPlan, to: Path, observer: Observer, again: bool) -> Entry:
    """``again``: the folder is there, written by this very run before it was cut off."""
    watchers = Together([observer, RunObserver(run)])
    job, trained = _train_together(plan, watchers)
    training = job.training
    run.artifact("engine.json", canonical_json(trained.engine))
    refuse_diverged(training, trained)
    result = finish(job, trained, watchers)
    run.metrics(metrics_on_test(result), 0)
    lineage = {**plan.lineage, "epoch": trained.best_epoch, **trained.engine, "run_id": run.id}
    if job.pruning:
        lineage["pruning"] = job.pruning.to_dict()
    record = new_record(
        to.name,
        training.spec,
        dataset=training.source.name,
        recipe=training.recipe,
        measured=result.measured,
        lineage=lineage,
    )
    entry = write_entry(to, training.spec, record, trained.best, receipt=result.receipt, replace=again)
    run.folder(entry.folder, "entry")
    return entry


def _made_by(folder: Path) -> str | None:
    """The run that an entry in the folder says it is of; None where there is no folder.

    Raises:
        InvalidInput: something else is there.
    """
    if not folder.exists():
        return None
    try:
        return str(read_entry(folder).record.lineage["run_id"])
    except (RcnasError, KeyError) as error:
        raise _occupied(folder) from error


def _occupied(folder: Path) -> InvalidInput:
    return InvalidInput(f"the folder for the entry must not exist, got {str(folder)!r}; name another with --to")
