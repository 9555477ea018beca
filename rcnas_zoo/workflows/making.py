"""Making a row of the paper: the search or training, the attacks on test images, and the run that keeps them."""

import time
from dataclasses import asdict, replace

from rcnas_zoo.execution.locks import exclusive
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import Diverged
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.runs import HOLDER_TAG, TrackedRun, holder_of, open_run, unfinished_run
from rcnas_zoo.tracking.store import Store, current_store
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan, FinalResult, metrics_on_test, run_final
from rcnas_zoo.workflows.kept_works import Made, keep, kept, work_key
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared, prepare
from rcnas_zoo.workflows.problem import make_problem
from rcnas_zoo.workflows.rows import final_jobs
from rcnas_zoo.workflows.scales import Asked
from rcnas_zoo.workflows.searching import agent_search
from rcnas_zoo.workflows.session import Session
from rcnas_zoo.workflows.works import Search, Work


def make(work: Work, asked: Asked, machine: Machine, observer: Observer, command: str = "") -> Made:
    """What comes of a work: made now in a run of its own, unless it was made before on this machine, by this policy.

    What is cut off goes on from the caches when the same is asked for again.

    Raises:
        InvalidInput: task, policy and data do not fit one another.
        NotFound: data are absent.
        Diverged: a training gave no finite loss.
        Unavailable: tracking store or cache cannot be used, or the same is being made already.
    """
    store, holder = current_store(), holder_of(machine.cache)
    with exclusive(machine.cache / "locks", work_key(work, asked, machine)):
        ready = _ready(work, machine)
        found = kept(work, asked, machine)
        if found and found.policy == _policy(ready):
            return found
        key = digest([work_key(work, asked, machine), _policy(ready)])
        tags = {"rcnas.key": key, "rcnas.command": command, HOLDER_TAG: holder}
        resume = unfinished_run(store, key, holder)
        with open_run(store, "reproduce", str(work), {"work": str(work)}, tags, resume, observer) as run:
            made = _make_in(run, store, ready, asked, machine, observer)
        keep(work, asked, machine, made)
    return made


def _ready(work: Work, machine: Machine) -> FinalJob | Prepared:
    """A work whose every part is known to fit, before a run is opened."""
    if isinstance(work, Search):
        return prepare(work.task, work.settings, machine)
    job = work.job(machine)
    job.training.source.dataset()
    return job


def _policy(ready: FinalJob | Prepared) -> str:
    return ready.agent.policy_digest if isinstance(ready, Prepared) else ""


def _make_in(
    run: TrackedRun, store: Store, ready: FinalJob | Prepared, asked: Asked, machine: Machine, observer: Observer
) -> Made:
    started = time.perf_counter()
    job = _found_job(ready, run, store, machine, observer) if isinstance(ready, Prepared) else ready
    searched = time.perf_counter()
    rows = _measured(job, asked, observer)
    spec, measured = rows[0].spec, tuple(row.measured[0] for row in rows)
    run.artifact("spec.json", spec.to_json())
    run.artifact("measured.json", canonical_json([asdict(each) for each in measured]))
    run.metrics(metrics_on_test(rows[0]), 0)
    price = cost(spec)
    return Made(
        digest=spec.digest,
        parameters=price.parameters,
        macs=price.macs,
        measured=measured,
        search_seconds=searched - started if isinstance(ready, Prepared) else 0.0,
        seconds=time.perf_counter() - started,
        run_id=run.id,
        policy=_policy(ready),
    )


def _found_job(prepared: Prepared, run: TrackedRun, store: Store, machine: Machine, observer: Observer) -> FinalJob:
    """The full training of the network that the search finds; the search is done here."""
    with Workers(machine.worker_count()) as workers:
        session = Session(prepared, store, run, workers, observer)
        (job,), _ = final_jobs(prepared, agent_search(session, make_problem(prepared, observer)), {})
    return job


def _measured(job: FinalJob, asked: Asked, observer: Observer) -> list[FinalResult]:
    """The same network under each threat; it is trained once, for the training is in the cache the next time."""
    plan = FinalPlan((), asked.attacks, asked.samples) if asked.samples else FinalPlan(asked.attacks)
    rows = []
    for threat in asked.threats:
        rows.append(run_final(replace(job, threat=threat, plan=plan), observer))
        if rows[-1].diverged:
            raise Diverged(f"the training of {job.method} must keep a finite loss, it diverged; the row has no result")
    return rows
