"""The network that was searched becomes an entry, is published, and the published copy is verified."""

import tempfile
from pathlib import Path

from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.spec.record import Record
from rcnas_zoo.workflows.finals import FinalJob, FinalResult, refuse_diverged
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.searching import method_name
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import Published, download, publish, resolve
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry


def publish_winner(session: Session, job: FinalJob, row: FinalResult) -> tuple[Published, bool]:
    """What the registry calls the network now, ``robust-<budget>``, and whether a copy out of it verifies.

    Raises:
        Diverged: the full training gave no finite loss, so there is nothing worth publishing.
    """
    trained = train_cached(job.training)
    refuse_diverged(job.training, trained)
    record = _record(session, job, row)
    with tempfile.TemporaryDirectory() as folder:
        entry = write_entry(Path(folder) / record.name, row.spec, record, trained.best, receipt=row.receipt)
        published = publish(entry.folder, record.name, session.store, run_id=session.run.id)
        resolved = resolve(session.store, ZooName(record.name, version=published.version))
        copy = download(session.store, resolved, Path(folder) / "copy")
        return published, verify(copy.folder).passed


def _record(session: Session, job: FinalJob, row: FinalResult) -> Record:
    prepared = session.prepared
    return new_record(
        f"robust-{prepared.task.budget}",
        row.spec,
        dataset=prepared.task.dataset,
        recipe=job.training.recipe,
        measured=row.measured,
        lineage={
            "task": str(prepared.task),
            "teacher": prepared.teacher.lineage(),
            "method": method_name(session),
            "run_id": session.run.id,
            "seed": prepared.settings.seed,
            "visits": prepared.settings.visits,
            **({"policy": dict(prepared.agent.lineage)} if prepared.agent.lineage else {}),
        },
    )
