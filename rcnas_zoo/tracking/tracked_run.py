"""A run that is under way, and what can be kept in it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.tracking.client import answering, pages
from rcnas_zoo.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import RunInfo

T = TypeVar("T")

WORKFLOW_TAG = "rcnas.workflow"
KEY_TAG = "rcnas.key"
USED_TAG = "rcnas.used"
CONTINUES_TAG = "rcnas.continues"
PARENT_TAG = "mlflow.parentRunId"

# Limits of MLflow's log_batch.
METRICS_A_BATCH = 1000
PARAMETERS_A_BATCH = 100
PARAMETER_LENGTH = 6000


class TrackedRun:
    """A run by its id; nothing depends on MLflow's idea of an active run, so runs nest freely.

    Every method raises Unavailable if the store does not take what it is given.

    Attributes:
        id: MLflow's run id.
        workflow: what kind of work it is, such as ``finetune``.
    """

    def __init__(self, store: Store, client: MlflowClient, info: RunInfo, workflow: str) -> None:
        self.id = str(info.run_id)
        self.workflow = workflow
        self._store = store
        self._client = client
        self._info = info

    def parameters(self, parameters: Mapping[str, object]) -> None:
        """Log parameters, as text.

        MLflow never changes a parameter. One that stands with another value keeps it (``mlflow run`` logs what was
        typed, before defaults are filled in), and the value in use becomes the tag ``rcnas.used.<name>``.
        """
        from mlflow.entities import Param

        given = {name: str(value)[:PARAMETER_LENGTH] for name, value in parameters.items()}
        with self._answering():
            known = self._client.get_run(self.id).data.params
            new = [Param(name, value) for name, value in given.items() if name not in known]
            for batch in _batches(new, PARAMETERS_A_BATCH):
                self._client.log_batch(self.id, params=batch)
            for name, value in given.items():
                if known.get(name, value) != value:
                    self._client.set_tag(self.id, f"{USED_TAG}.{name}", value)

    def metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Log numbers that belong to one step."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        with self._answering():
            for batch in _batches([Metric(name, value, now, step) for name, value in metrics.items()], METRICS_A_BATCH):
                self._client.log_batch(self.id, metrics=batch)

    def tag(self, name: str, value: object) -> None:
        """Set a tag; an old value is replaced."""
        with self._answering():
            self._client.set_tag(self.id, name, str(value))

    def artifact(self, name: str, content: str | bytes) -> None:
        """Keep a file under a relative path such as ``candidates/003.json``."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise InvalidInput(f"an artifact must have a relative path such as candidates/003.json, got {name!r}")
        with TemporaryDirectory() as folder, self._answering():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
            self._client.log_artifacts(self.id, folder)

    def folder(self, local: Path | str, artifact_path: str) -> None:
        """Keep all files of a local folder."""
        with self._answering():
            self._client.log_artifacts(self.id, str(local), artifact_path)

    @contextmanager
    def child(self, name: str, tags: Mapping[str, str] | None = None) -> Iterator[TrackedRun]:
        """A run below this one; its key, by which a resumed workflow knows it again, is its name unless a tag says."""
        own = {PARENT_TAG: self.id, WORKFLOW_TAG: self.workflow, KEY_TAG: name}
        with self._answering():
            run = self._client.create_run(self._info.experiment_id, tags={**own, **(tags or {})}, run_name=name)
        with ended(TrackedRun(self._store, self._client, run.info, self.workflow)) as child:
            yield child

    def finished_children(self) -> dict[str, str]:
        """Key to run id of the children that came to a clean end."""
        where = f"tags.`{PARENT_TAG}` = '{self.id}' AND attributes.status = 'FINISHED'"
        search = partial(self._client.search_runs, [self._info.experiment_id], where)
        with self._answering():
            return {run.data.tags[KEY_TAG]: run.info.run_id for run in pages(search)}

    def end(self, status: str) -> None:
        """Close the run as ``FINISHED``, ``FAILED`` or ``KILLED``."""
        with self._answering():
            self._client.set_terminated(self.id, status)

    def _answering(self) -> AbstractContextManager[None]:
        return answering(self._store.tracking_uri)


@contextmanager
def ended(run: TrackedRun) -> Iterator[TrackedRun]:
    """The run, closed as the block ends: cleanly, by an error, or by the user's interrupt."""
    try:
        yield run
    except BaseException as error:
        # The error that ended the work is the one to tell, not a store that cannot be told of it.
        with suppress(Unavailable):
            run.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    run.end("FINISHED")


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
