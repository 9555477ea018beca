"""The search for one task (RC-NAS Algorithm 2), the full training of the winner, and its publication."""

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.reporting.pictures import search_picture
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.search import SearchProblem, SearchResult
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.runs import open_run, unfinished_run
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.finals import FinalJob, FinalResult, run_final
from rcnas_zoo.workflows.locks import exclusive
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared, prepare, rule_network
from rcnas_zoo.workflows.problem import make_problem
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.searching import agent_search, method_name, random_search
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.settings import FinetuneSettings, run_key
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.registry import Published, download, publish, resolve
from rcnas_zoo.zoo.verify import verify
from rcnas_zoo.zoo.writing import write_entry

SEARCHED = "searched"


@dataclass(frozen=True)
class FinetuneResult:
    """What came of a fine-tuning run.

    Attributes:
        task, settings: what was asked for.
        run_id, store_uri: where MLflow keeps it.
        problem: the search problem, teacher's facts included.
        search: every visited network with its outcome.
        random: the same for the random search, if it was compared.
        rows: the trained and measured networks; the searched one first.
        infeasible: row name to the reason why it could not be made.
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
    random: SearchResult | None
    rows: tuple[FinalResult, ...]
    infeasible: dict[str, str]
    published: Published
    verified: bool
    notes: tuple[str, ...]
    seconds: float

    @property
    def spec(self) -> NetworkSpec:
        """The searched network."""
        return self.rows[0].spec


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
        InvalidInput: the task, the settings and the data do not fit one another.
        NotFound: data, weights or policy are absent.
        Unavailable: the tracking store or the cache cannot be used, the same run is running already, or every
            candidate's training diverged.
    """
    started = time.perf_counter()
    settings, machine, observer = settings or FinetuneSettings(), machine or Machine(), observer or Silent()
    prepared = prepare(task, settings, machine)
    store, key = current_store(), run_key("finetune", task, settings)
    with exclusive(machine.cache / "locks", key):
        parameters = {
            "resolved_task": str(task),
            "resolved_threat": str(prepared.threat),
            "settings": settings.to_dict(),
        }
        tags = {"rcnas.key": key, "rcnas.command": command}
        resume = unfinished_run(store, key)
        with (
            open_run(store, "finetune", str(task), parameters, tags, resume) as run,
            Workers(machine.worker_count()) as workers,
        ):
            result = _run(Session(prepared, store, run, workers, observer))
    return replace(result, seconds=time.perf_counter() - started)


def _run(session: Session) -> FinetuneResult:
    prepared, run = session.prepared, session.run
    run.tag("rcnas.progress", "training the teacher")
    problem = make_problem(prepared.task, prepared.teacher, session.observer)
    run.artifact("problem.json", canonical_json({**asdict(problem.teacher), "spec": problem.teacher.spec.to_dict()}))
    run.tag("rcnas.progress", "searching")
    search = agent_search(session, problem)
    random = random_search(session, problem) if "random" in prepared.settings.compare else None
    run.tag("rcnas.progress", "training and measuring the networks that are kept")
    jobs, infeasible = _final_jobs(session, search, random)
    rows = _run_finals(session, jobs)
    run.tag("rcnas.progress", "publishing")
    published, verified = _publish(session, jobs[0], rows[0])
    searches = {method_name(session): search, **({"random": random} if random else {})}
    run.artifact("search/search.png", search_picture(searches, problem))
    run.tag("rcnas.progress", f"done: {published.name} version {published.version}")
    return FinetuneResult(
        task=prepared.task,
        settings=prepared.settings,
        run_id=run.id,
        store_uri=session.store.tracking_uri,
        problem=problem,
        search=search,
        random=random,
        rows=rows,
        infeasible=infeasible,
        published=published,
        verified=verified,
        notes=(*prepared.notes, *([published.note] if published.note else [])),
        seconds=0.0,
    )


def _final_jobs(
    session: Session, search: SearchResult, random: SearchResult | None
) -> tuple[list[FinalJob], dict[str, str]]:
    prepared = session.prepared
    specs: dict[str, NetworkSpec] = {SEARCHED: _best(search)}
    infeasible: dict[str, str] = {}
    if "teacher" in prepared.settings.compare:
        specs["teacher"] = prepared.search.spec
    if "robustresnet" in prepared.settings.compare:
        try:
            specs["robustresnet"] = rule_network(prepared)
        except InvalidInput as error:
            infeasible["robustresnet"] = str(error)
    if random is not None:
        specs["random"] = _best(random)
    jobs = [_final_job(prepared, method, spec) for method, spec in specs.items()]
    return jobs, infeasible


def _best(search: SearchResult) -> NetworkSpec:
    if search.best is None:
        raise Unavailable(
            f"at least one candidate must train to a finite loss, got none of {len(search.visits)}; "
            "lower the learning rate or raise the budget"
        )
    return search.best.proposal.spec


def _final_job(prepared: Prepared, method: str, spec: NetworkSpec) -> FinalJob:
    weights = prepared.teacher.weights if method == "teacher" else None
    return FinalJob(method, replace(prepared.final, spec=spec), prepared.threat, prepared.plan, weights)


def _run_finals(session: Session, jobs: list[FinalJob]) -> tuple[FinalResult, ...]:
    """Several networks side by side; a single one in this process, where its progress can be seen."""
    done: list[int] = []

    def finished(index: int, result: FinalResult) -> None:
        done.append(index)
        session.observer.progress("full trainings", len(done), len(jobs), jobs[index].method)

    if len(jobs) == 1 or session.workers.count == 1:
        rows = [run_final(job, session.observer) for job in jobs]
    else:
        session.observer.progress("full trainings", 0, len(jobs))
        rows = session.workers.run(run_final, jobs, finished)
    logged = session.run.finished_children()
    for row in rows:
        if f"final/{row.method}" not in logged:
            _log_row(session, row)
    return tuple(rows)


def _log_row(session: Session, row: FinalResult) -> None:
    with session.run.child(f"final/{row.method}", {"rcnas.key": f"final/{row.method}"}) as child:
        child.parameters({"digest": row.spec.digest, "method": row.method})
        for step, metrics in enumerate(row.curve, start=1):
            child.metrics(metrics, step)
        numbers = {"test.clean": row.measured[0].clean_accuracy}
        for measured in row.measured:
            numbers |= {f"test.{name}": value for name, value in measured.attacks.items()}
        child.metrics(numbers, 0)
        child.artifact("spec.json", row.spec.to_json())
        child.artifact("measured.json", canonical_json([asdict(measured) for measured in row.measured]))
    if row.method == SEARCHED:
        session.run.metrics(numbers, 0)


def _publish(session: Session, job: FinalJob, row: FinalResult) -> tuple[Published, bool]:
    prepared = session.prepared
    name = f"robust-{prepared.task.budget}"
    lineage = {
        "task": str(prepared.task),
        "method": method_name(session),
        "run_id": session.run.id,
        "seed": prepared.settings.seed,
        "visits": prepared.settings.visits,
    }
    record = new_record(
        name,
        row.spec,
        dataset=prepared.task.dataset,
        recipe=job.training.recipe,
        measured=row.measured,
        lineage=lineage,
    )
    with tempfile.TemporaryDirectory() as folder:
        entry = write_entry(Path(folder) / name, row.spec, record, train_cached(job.training).best)
        published = publish(entry.folder, name, session.store, run_id=session.run.id)
        resolved = resolve(session.store, ZooName(name, None, published.version))
        copy = download(session.store, resolved, Path(folder) / "copy")
        return published, verify(copy.folder).passed
