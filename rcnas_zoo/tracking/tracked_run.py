"""A run that is under way, and what can be kept in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.tracking.backlog import Backlog
from rcnas_zoo.tracking.client import batches, pages
from rcnas_zoo.tracking.link import Link

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

WORKFLOW_TAG = "rcnas.workflow"
KEY_TAG = "rcnas.key"
USED_TAG = "rcnas.used"
CONTINUES_TAG = "rcnas.continues"
PARENT_TAG = "mlflow.parentRunId"

# Limits of MLflow's log_batch.
PARAMETERS_A_BATCH = 100
PARAMETER_LENGTH = 6000


class TrackedRun:
    """A run by its id; nothing depends on MLflow's idea of an active run, so runs nest freely.

    Every method waits with patience for a server that is silent, and raises Unavailable, naming what is not logged, if
    the store does not take what it is given.

    Attributes:
        id: MLflow's run id.
        workflow: what kind of work it is, such as ``finetune``.
        backlog: takes what may arrive later.
    """

    def __init__(self, link: Link, client: MlflowClient, run: Run, workflow: str) -> None:
        self.id = str(run.info.run_id)
        self.workflow = workflow
        self.backlog = Backlog(link, client, run)
        self._link = link
        self._client = client
        self._experiment = run.info.experiment_id

    def parameters(self, parameters: Mapping[str, object]) -> None:
        """Log parameters, as text.

        MLflow never changes a parameter. One that stands with another value keeps it (``mlflow run`` logs what was
        typed, before defaults are filled in), and the value in use becomes the tag ``rcnas.used.<name>``.
        """
        from mlflow.entities import Param

        given = {name: str(value)[:PARAMETER_LENGTH] for name, value in parameters.items()}
        with self._link.patiently("the parameters"):
            known = self._client.get_run(self.id).data.params
            new = [Param(name, value) for name, value in given.items() if name not in known]
            for batch in batches(new, PARAMETERS_A_BATCH):
                self._client.log_batch(self.id, params=batch)
            for name, value in given.items():
                if known.get(name, value) != value:
                    self._client.set_tag(self.id, f"{USED_TAG}.{name}", value)

    def metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Log numbers that belong to one step; one that the run has at this step already is not logged again."""
        self.backlog.add(metrics, step)
        self.backlog.settle()

    def tag(self, name: str, value: object) -> None:
        """Set a tag; an old value is replaced."""
        with self._link.patiently(f"the tag {name}"):
            self._client.set_tag(self.id, name, str(value))

    def artifact(self, name: str, content: str | bytes) -> None:
        """Keep a file under a relative path such as ``candidates/003.json``."""
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise InvalidInput(f"an artifact must have a relative path such as candidates/003.json, got {name!r}")
        with TemporaryDirectory() as folder, self._link.patiently(f"the file {name}"):
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
            self._client.log_artifacts(self.id, folder)

    def folder(self, local: Path | str, artifact_path: str) -> None:
        """Keep all files of a local folder."""
        with self._link.patiently(f"the folder {artifact_path}"):
            self._client.log_artifacts(self.id, str(local), artifact_path)

    @contextmanager
    def child(self, name: str, tags: Mapping[str, str] | None = None) -> Iterator[TrackedRun]:
        """A run below this one; its key, by which a resumed workflow knows it again, is its name unless a tag says."""
        with self._link.patiently(f"the child run {name}"):
            run = self._new_child(name, tags or {})
        with ended(TrackedRun(self._link, self._client, run, self.workflow)) as child:
            yield child

    @contextmanager
    def only_child(self, key: str) -> Iterator[TrackedRun]:
        """The run below this one with this key, new or taken up again, whatever had become of it.

        Of those who ask for one key at once each would make a run of its own: the caller must be alone with the key.
        """
        with self._link.patiently(f"the child run {key}"):
            known = next(self._children(f"tags.`{KEY_TAG}` = '{key}'"), None)
            if known is not None:
                self._client.update_run(known.info.run_id, status="RUNNING")
            run = known or self._new_child(key, {})
        with ended(TrackedRun(self._link, self._client, run, self.workflow)) as child:
            yield child

    def finished_children(self) -> dict[str, str]:
        """Key to run id of the children that came to a clean end."""
        with self._link.patiently("the child runs"):
            return {run.data.tags[KEY_TAG]: run.info.run_id for run in self._children("attributes.status = 'FINISHED'")}

    def afresh(self) -> TrackedRun:
        """The same run, knowing also what other processes have logged of it meanwhile."""
        with self._link.patiently("the state of the run"):
            return TrackedRun(self._link, self._client, self._client.get_run(self.id), self.workflow)

    def end(self, status: str) -> None:
        """Close the run as ``FINISHED``, ``FAILED`` or ``KILLED`` once everything has arrived."""
        self.backlog.settle()
        with self._link.patiently(f"that the run is {status}"):
            self._client.set_terminated(self.id, status)

    def break_off(self, status: str) -> None:
        """Close the run if the store can be told at once; whoever was interrupted or has an error waits for nothing."""
        with self._link.briefly():
            self._client.set_terminated(self.id, status)
            self.backlog.deliver()

    def _new_child(self, key: str, tags: Mapping[str, str]) -> Run:
        own = {PARENT_TAG: self.id, WORKFLOW_TAG: self.workflow, KEY_TAG: key}
        return self._client.create_run(self._experiment, tags={**own, **tags}, run_name=key)

    def _children(self, condition: str) -> Iterator[Run]:
        where = f"tags.`{PARENT_TAG}` = '{self.id}' AND {condition}"
        return pages(partial(self._client.search_runs, [self._experiment], where))


@contextmanager
def ended(run: TrackedRun) -> Iterator[TrackedRun]:
    """The run, closed as the block ends: FINISHED, FAILED by an error, or KILLED by whoever stopped the process."""
    try:
        yield run
        run.end("FINISHED")
    except BaseException as error:
        # The error that ended the work is the one to tell, not a store that cannot be told of it.
        with suppress(Unavailable):
            run.break_off("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
