"""Opening a run: a new one, one to be resumed, or the one that ``mlflow run`` has made."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.tracking.client import answering, is_absent, is_taken, pages
from rcnas_zoo.tracking.link import Link
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.tracked_run import CONTINUES_TAG, KEY_TAG, PARENT_TAG, WORKFLOW_TAG, TrackedRun, ended
from rcnas_zoo.tracking.uris import database_path, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["EXPERIMENT", "TrackedRun", "holder_of", "known_run", "open_run", "unfinished_run"]

EXPERIMENT = "rcnas-zoo"
HOLDER_TAG = "rcnas.holder"

_SILENT = Silent()


@contextmanager
def open_run(
    store: Store,
    workflow: str,
    name: str,
    parameters: Mapping[str, object],
    tags: Mapping[str, str] | None = None,
    resume: str | None = None,
    people: Observer = _SILENT,
) -> Iterator[TrackedRun]:
    """A run of a workflow: FINISHED on a clean exit, FAILED on an error, KILLED on an interrupt or SIGTERM.

    It is the run ``resume`` if one is given, else the one that ``mlflow run`` made for this process
    (``MLFLOW_RUN_ID``, in whatever experiment it is), else a new one in the experiment ``rcnas-zoo``. If both are
    given, the one that ``mlflow run`` made stays empty but for the tag ``rcnas.continues`` with the id of the other.
    ``people`` are warned while the store is silent.

    Raises:
        NotFound: the run to be resumed is not in the store.
        Unavailable: the store does not answer.
    """
    client = store.client()
    made = os.environ.get("MLFLOW_RUN_ID")
    run_id = resume or made
    with answering(store.tracking_uri):
        found = _taken_up(client, store, run_id, name) if run_id else started(client, store, name)
        if made and run_id != made:
            client.set_tag(known_run(client, store, made).info.run_id, CONTINUES_TAG, run_id)
    with ended(TrackedRun(Link(store.tracking_uri, people), client, found, workflow)) as run:
        for tag, value in {**(tags or {}), WORKFLOW_TAG: workflow}.items():
            run.tag(tag, value)
        run.parameters(parameters)
        yield run


def unfinished_run(store: Store, key: str, holder: str) -> str | None:
    """The newest run of a workflow with this key (tag ``rcnas.key``) that never came to a clean end, if any.

    Args:
        store: where to look.
        key: what decides the run's result.
        holder: the lock that the caller has (tag ``rcnas.holder``). A run that is RUNNING was cut off only if it was
            under the same lock; under another it may well be alive, elsewhere.

    Raises:
        Unavailable: the store does not answer.
    """
    if not store.has_runs:
        return None
    client = store.client()
    where = f"tags.`{KEY_TAG}` = '{key}' AND tags.`{PARENT_TAG}` IS NULL AND attributes.status != 'FINISHED'"
    with answering(store.tracking_uri):
        experiments = [experiment.experiment_id for experiment in client.search_experiments()]
        found = client.search_runs(experiments, where, max_results=100, order_by=["attributes.start_time DESC"])
    free = (run for run in found if run.info.status != "RUNNING" or run.data.tags.get(HOLDER_TAG) == holder)
    return next((str(run.info.run_id) for run in free), None)


def holder_of(cache: Path) -> str:
    """The tag ``rcnas.holder`` of who holds a lock in this cache folder, on this machine."""
    return f"{platform.node()}:{cache}"


def known_run(client: MlflowClient, store: Store, run_id: str) -> Run:
    """The run of an id.

    Raises:
        NotFound: the store has none.
    """
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if is_absent(error) or error.error_code == "INVALID_PARAMETER_VALUE":
            uri = shown(store.tracking_uri)
            raise NotFound(f"the run must be in the store {uri}, got {run_id!r}; see: rcnas-zoo runs") from error
        raise


def _taken_up(client: MlflowClient, store: Store, run_id: str, name: str) -> Run:
    found = known_run(client, store, run_id)
    client.update_run(run_id, status="RUNNING", name=name)
    _end_children(client, found)
    return found


def _end_children(client: MlflowClient, run: Run) -> None:
    """Children that were under way when their run was cut off would be called running for ever."""
    where = f"tags.`{PARENT_TAG}` = '{run.info.run_id}' AND attributes.status = 'RUNNING'"
    for child in list(pages(partial(client.search_runs, [run.info.experiment_id], where))):
        client.set_terminated(child.info.run_id, "KILLED")


def started(client: MlflowClient, store: Store, name: str, tags: Mapping[str, str] | None = None) -> Run:
    """A new run in the experiment ``rcnas-zoo``, under way."""
    from mlflow.tracking.context.registry import resolve_tags

    return client.create_run(_experiment(client, store), tags={**resolve_tags(), **(tags or {})}, run_name=name)


def _experiment(client: MlflowClient, store: Store) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None:
        return str(found.experiment_id)
    try:
        return client.create_experiment(EXPERIMENT, _artifact_location(store))
    except MlflowException as error:
        # Another process was quicker.
        if not is_taken(error):
            raise
        return _experiment(client, store)


def _artifact_location(store: Store) -> str | None:
    """Beside a local database, wherever the process was started; elsewhere the server decides."""
    path = database_path(store.tracking_uri)
    return (path.parent / "mlruns" / EXPERIMENT).as_uri() if path else None
