"""A run that several processes work at together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.client import answering, pages
from rcnas_zoo.tracking.link import Link
from rcnas_zoo.tracking.runs import started
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.tracked_run import KEY_TAG, WORKFLOW_TAG, TrackedRun, ended

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


@contextmanager
def joined_run(
    store: Store,
    tags: Mapping[str, str],
    name: str,
    alone: Callable[[], AbstractContextManager[None]],
    people: Observer,
) -> Iterator[TrackedRun]:
    """The run of a key, new or joined beside the processes that have it open; the last one to leave says how it ended.

    Children that are under way are left as they are: they may belong to another process.

    Args:
        store: where it is kept.
        tags: of a new one. ``rcnas.key`` is the key, the digest of what the run is of; ``rcnas.workflow`` the kind of
            work; ``mlflow.parentRunId``, where it is given, the run below which it stands.
        name: of a new one.
        alone: a lock that all processes share, held while the run is looked for.
        people: are warned while the store is silent.

    Raises:
        Unavailable: the store does not answer.
    """
    client = store.client()
    with answering(store.tracking_uri), alone():
        run = _known(client, tags[KEY_TAG]) or started(client, store, name, tags)
        client.update_run(run.info.run_id, status="RUNNING")
    with ended(TrackedRun(Link(store.tracking_uri, people), client, run, tags[WORKFLOW_TAG])) as joined:
        yield joined


def is_finished(store: Store, key: str) -> bool:
    """Whether the run of a key is there and came to a clean end.

    Raises:
        Unavailable: the store does not answer.
    """
    if not store.has_runs:
        return False
    client = store.client()
    with answering(store.tracking_uri):
        run = _known(client, key)
    return run is not None and run.info.status == "FINISHED"


def _known(client: MlflowClient, key: str) -> Run | None:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    where, first = f"tags.`{KEY_TAG}` = '{key}'", ["attributes.start_time ASC"]
    return next(pages(partial(client.search_runs, experiments, where, order_by=first)), None)
