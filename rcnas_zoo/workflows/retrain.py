"""Train a network of the zoo again by its own recipe, and compare."""

from pathlib import Path

from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.workflows.comparison import Retrained
from rcnas_zoo.workflows.entry_of import find_entry
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.stored_training import RetrainSettings, stored_job
from rcnas_zoo.workflows.trained_entry import EntryPlan, lend_a_hand, train_entry
from rcnas_zoo.zoo.entry import Entry


def retrain(
    name: str,
    to: Path | None = None,
    settings: RetrainSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    command: str = "",
) -> Retrained:
    """Train a stored network again by its own recipe, measure it as it was measured, and write the entry folder ``to``.

    Under torchrun this is for the first process, and `assist` for the others.

    Args:
        name: a zoo name or an entry folder.
        to: the folder to make; None means ``./NAME-retrained``.
        settings: what may differ.
        machine: where it runs.
        observer: who watches.
        command: the command line that resumes this run, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: an architecture alone, a record that tells too little, or ``to`` exists.
        NotFound: the entry or its data are absent.
        IntegrityError: the entry is damaged.
        Unavailable: as for `train`.
    """
    settings, machine = settings or RetrainSettings(), machine or Machine()
    stored = find_entry(name, machine, weights=False).entry
    plan = _plan(stored, settings, machine, command)
    target = to or Path(f"{stored.record.name}-retrained")
    entry = train_entry(plan, target, observer or Silent())
    return Retrained(stored, entry, plan.job.training, settings.fraction)


def assist(name: str, settings: RetrainSettings | None = None, machine: Machine | None = None) -> None:
    """What each process of torchrun but the first does: a share of the work, in silence."""
    machine = machine or Machine()
    stored = find_entry(name, machine, weights=False).entry
    lend_a_hand(_plan(stored, settings or RetrainSettings(), machine, ""))


def _plan(stored: Entry, settings: RetrainSettings, machine: Machine, command: str) -> EntryPlan:
    record = stored.record
    job = stored_job(stored, settings, machine)
    size = job.training.source.train_size
    asked: dict[str, str | int | float] = {
        "network": record.name,
        "seed": job.training.seed,
        "fraction": settings.fraction,
    }
    return EntryPlan(
        workflow="retrain",
        title=f"retrain {record.name}",
        asked={**asked, "dataset": record.dataset},
        job=job,
        lineage={**asked, "train_size": size} if size else asked,
        command=command,
    )
