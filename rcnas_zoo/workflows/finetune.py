"""The search for one task (RC-NAS Algorithm 2), the full training of the winner, and its publication."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from rcnas_zoo.execution.locks import exclusive
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.search import SearchProblem, SearchResult
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.runs import HOLDER_TAG, holder_of, open_run, unfinished_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.tracking.uris import shown
from rcnas_zoo.workflows.finals import FinalResult
from rcnas_zoo.workflows.found import keep_found
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared, prepare
from rcnas_zoo.workflows.problem import make_problem
from rcnas_zoo.workflows.rows import final_jobs, run_finals
from rcnas_zoo.workflows.searching import agent_search, method_name, rival_searches
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.settings import RULE, FinetuneSettings
from rcnas_zoo.workflows.winner import publish_winner
from rcnas_zoo.zoo.registry import Published


@dataclass(frozen=True)
class FinetuneResult:
    """What came of a fine-tuning run.

    Attributes:
        task, settings: what was asked for.
        run_id, store_uri: where MLflow keeps it.
        problem: the search problem, teacher's facts included.
        search: every visited network with its outcome.
        rivals: the same for the searches that it was compared with, by name, such as ``random``.
        rows: the trained and measured networks; the searched one first.
        infeasible: row name to the reason why it could not be made.
        policy: what the agent's policy was: source, digest and, from the registry, version; None for a fresh agent.
        published: name, version and aliases of the winner.
        verified: whether the published copy verifies.
        notes: what the user should know.
        seconds: wall time of this call.
    """

    task: Task
    settings: FinetuneSettings
    run_id: str
    store_uri: str
    problem: SearchProblem
    search: SearchResult
    rivals: Mapping[str, SearchResult]
    rows: tuple[FinalResult, ...]
    infeasible: dict[str, str]
    policy: Mapping[str, str | int] | None
    published: Published
    verified: bool
    notes: tuple[str, ...]
    seconds: float

    @property
    def spec(self) -> NetworkSpec:
        """The searched network."""
        return self.rows[0].spec

    @property
    def random(self) -> SearchResult | None:
        """The random search, if it was compared."""
        return self.rivals.get("random")


def finetune(
    task: Task,
    settings: FinetuneSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    command: str = "",
) -> FinetuneResult:
    """Search, train, measure and publish; an interrupted run of the same settings is continued.

    Args:
        task: what to search.
        settings: everything that decides the result.
        machine: where it runs.
        observer: who watches.
        command: the command line that resumes this run, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: the task, the settings, the data and the policy do not fit one another.
        NotFound: data, weights or policy are absent.
        Unavailable: the tracking store or the cache cannot be used, the same run is running already, or every
            candidate's training diverged.
    """
    started = time.perf_counter()
    settings, machine, observer = settings or FinetuneSettings(), machine or Machine(), observer or Silent()
    prepared, store = prepare(task, settings, machine), current_store()
    with exclusive(machine.cache / "locks", prepared.key):
        holder = holder_of(machine.cache)
        tags = {"rcnas.key": prepared.key, "rcnas.command": command, HOLDER_TAG: holder}
        resume = unfinished_run(store, prepared.key, holder)
        with (
            open_run(store, "finetune", str(task), _parameters(prepared), tags, resume, observer) as run,
            Workers(machine.worker_count()) as workers,
        ):
            result = _run(Session(prepared, store, run, workers, observer))
    return replace(result, seconds=time.perf_counter() - started)


def _parameters(prepared: Prepared) -> dict[str, str]:
    """Under names of their own, for `mlflow run` logs what was typed, before defaults are filled in."""
    return {
        "resolved_task": str(prepared.task),
        "resolved_threat": str(prepared.threat),
        "resolved_teacher": prepared.teacher.name,
        "resolved_policy": canonical_json(dict(prepared.agent.lineage)) if prepared.agent.lineage else "none",
        "settings": canonical_json(prepared.settings.to_dict()),
    }


def _run(session: Session) -> FinetuneResult:
    prepared, run = session.prepared, session.run
    run.tag("rcnas.progress", "training the teacher")
    problem = make_problem(prepared, session.observer)
    run.artifact("problem.json", canonical_json({**asdict(problem.teacher), "spec": problem.teacher.spec.to_dict()}))
    run.tag("rcnas.progress", "searching")
    search = agent_search(session, problem)
    rivals = rival_searches(session, problem)
    jobs, infeasible = final_jobs(prepared, search, rivals)
    rules = {job.method: job.training.spec for job in jobs if job.method == RULE}
    keep_found(run, problem, {method_name(session): search, **rivals}, rules)
    run.tag("rcnas.progress", "training and measuring the networks that are kept")
    rows = run_finals(session, jobs)
    run.tag("rcnas.progress", "publishing")
    published, verified = publish_winner(session, jobs[0], rows[0])
    run.tag("rcnas.progress", f"done: {published.name} version {published.version}")
    return FinetuneResult(
        task=prepared.task,
        settings=prepared.settings,
        run_id=run.id,
        store_uri=shown(session.store.tracking_uri),
        problem=problem,
        search=search,
        rivals=rivals,
        rows=rows,
        infeasible=infeasible,
        policy=prepared.agent.lineage,
        published=published,
        verified=verified,
        notes=(*prepared.notes, *([published.note] if published.note else [])),
        seconds=0.0,
    )
