"""The runs of workflows, newest first: what ``rcnas-zoo runs`` shows."""

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from rcnas_zoo.tracking.client import answering
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.tracked_run import PARENT_TAG, WORKFLOW_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run

PROGRESS_TAG = "rcnas.progress"
COMMAND_TAG = "rcnas.command"


@dataclass(frozen=True)
class RunRow:
    """One workflow's run.

    Attributes:
        id: MLflow's run id.
        workflow: such as ``finetune``.
        name: the run's name, mostly its task.
        status: ``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``; a run that was cut off stays ``RUNNING``.
        started: ISO time, UTC.
        progress: how far it has come, such as ``12/40``; empty if it does not say.
        command: the command line that takes it up again; empty if it does not say.
    """

    id: str
    workflow: str
    name: str
    status: str
    started: str
    progress: str
    command: str


def list_runs(store: Store, limit: int = 20) -> list[RunRow]:
    """The newest runs of workflows, at most ``limit``; child runs are left out.

    Raises:
        Unavailable: the store does not answer.
    """
    if not store.has_runs:
        return []
    client = store.client()
    where = f"tags.`{WORKFLOW_TAG}` IS NOT NULL AND tags.`{PARENT_TAG}` IS NULL"
    with answering(store.tracking_uri):
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        runs = client.search_runs(experiments, where, max_results=limit, order_by=["attributes.start_time DESC"])
    return [_row(run) for run in runs]


def _row(run: "Run") -> RunRow:
    tags, info = run.data.tags, run.info
    return RunRow(
        id=info.run_id,
        workflow=tags[WORKFLOW_TAG],
        name=info.run_name or "",
        status=info.status,
        started=datetime.fromtimestamp(info.start_time / 1000, timezone.utc).isoformat(timespec="seconds"),
        progress=tags.get(PROGRESS_TAG, ""),
        command=tags.get(COMMAND_TAG, ""),
    )
