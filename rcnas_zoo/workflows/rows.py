"""The rows of a comparison: which networks are trained fully, their trainings, and their child runs."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.errors import InvalidInput, Unavailable
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.observer import ProgressOnly
from rcnas_zoo.spec.search import SearchResult
from rcnas_zoo.workflows.finals import FinalJob, FinalResult, metrics_on_test, run_final
from rcnas_zoo.workflows.prepare import Prepared, rule_network
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.settings import RULE

SEARCHED = "searched"


def final_jobs(
    prepared: Prepared, search: SearchResult, rivals: Mapping[str, SearchResult]
) -> tuple[list[FinalJob], dict[str, str]]:
    """The jobs of all rows, the searched network's first, and the reason of each row that cannot be made.

    Args:
        prepared: the run.
        search: the search whose winner is kept.
        rivals: other searches by name; the best network of each is a row.

    Raises:
        Unavailable: a search found no network that trains.
    """
    compare = prepared.settings.compare
    specs: dict[str, NetworkSpec] = {SEARCHED: _best(search)}
    infeasible: dict[str, str] = {}
    if "teacher" in compare:
        specs["teacher"] = prepared.teacher.spec
    if RULE in compare:
        try:
            specs[RULE] = rule_network(prepared)
        except InvalidInput as error:
            infeasible[RULE] = str(error)
    specs |= {name: _best(rival) for name, rival in rivals.items()}
    return [_job(prepared, method, spec) for method, spec in specs.items()], infeasible


def run_finals(session: Session, jobs: list[FinalJob]) -> tuple[FinalResult, ...]:
    """Several networks side by side; a single one in this process, where its epochs can be told, too."""
    if len(jobs) == 1 or session.workers.count == 1:
        rows = [run_final(job, session.observer) for job in jobs]
    else:
        rows = _side_by_side(session, jobs)
    logged = session.run.finished_children()
    for row in rows:
        if _key(row) not in logged:
            _log(session, row)
    session.run.metrics(metrics_on_test(rows[0]), 0)
    return tuple(rows)


def _side_by_side(session: Session, jobs: list[FinalJob]) -> list[FinalResult]:
    """The results in the jobs' order; the costliest job starts first, so that none is left alone at the end."""
    ordered = sorted(jobs, key=lambda job: cost(job.training.spec).macs, reverse=True)
    done = 0

    def count(index: int, result: FinalResult) -> None:
        nonlocal done
        done += 1
        session.observer.progress("full trainings", done, len(jobs), ordered[index].method)

    session.observer.progress("full trainings", 0, len(jobs))
    results = session.workers.run_watched(run_final, ordered, ProgressOnly(session.observer), count)
    found = {result.method: result for result in results}
    return [found[job.method] for job in jobs]


def _best(search: SearchResult) -> NetworkSpec:
    if search.best is None:
        raise Unavailable(
            f"at least one candidate must train to a finite loss, got none of {len(search.visits)}; "
            "lower the learning rate or raise the budget"
        )
    return search.best.proposal.spec


def _job(prepared: Prepared, method: str, spec: NetworkSpec) -> FinalJob:
    weights = prepared.teacher.weights if method == "teacher" else None
    return FinalJob(method, replace(prepared.final, spec=spec), prepared.threat, prepared.plan, weights)


def _key(row: FinalResult) -> str:
    return f"final/{row.method}"


def _log(session: Session, row: FinalResult) -> None:
    with session.run.child(_key(row)) as child:
        child.parameters({"digest": row.spec.digest, "method": row.method})
        for step, metrics in enumerate(row.curve, start=1):
            child.metrics(metrics, step)
        child.metrics(metrics_on_test(row), 0)
        child.artifact("spec.json", row.spec.to_json())
        child.artifact("measured.json", canonical_json([asdict(measured) for measured in row.measured]))
