"""One method under one seed: a study of its settings, and one look at the test split with the best."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from rcnas_zoo.baselines.rows import SeedResult
from rcnas_zoo.baselines.search_cost import SearchCost
from rcnas_zoo.baselines.studies.plan import NAME_LENGTH, StudyPlan
from rcnas_zoo.baselines.studies.records import StudyResult, TrialFailed, TrialRecord, TrialScore
from rcnas_zoo.baselines.studies.trial import TrialContext
from rcnas_zoo.baselines.studies.work import work
from rcnas_zoo.candidates.pruning import PRUNING_VERSION
from rcnas_zoo.candidates.verdicts import ENGINE_VERSION, AttackJob, evaluate_cached
from rcnas_zoo.execution.memory import trim
from rcnas_zoo.networks.cost import cost, nominal_cost
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.registry import WARM
from rcnas_zoo.spec.canonical import digest
from rcnas_zoo.spec.errors import Diverged, IntegrityError, InvalidInput
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.task import Task
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.workflows.benchmarking.making import Made, check, make
from rcnas_zoo.workflows.benchmarking.measures import measures_of
from rcnas_zoo.workflows.benchmarking.measuring import Measured, measure
from rcnas_zoo.workflows.benchmarking.methods import PRUNING, SEARCH
from rcnas_zoo.workflows.benchmarking.settings import TaskBenchmarkSettings
from rcnas_zoo.workflows.benchmarking.tuning import Settled
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.prepare import Prepared, prepare
from rcnas_zoo.workflows.studies import work_tracked

ROWS_VERSION = 2
"""Raised when a method would make another network of the same settings, or what is kept of a trial says more."""


@dataclass(frozen=True)
class StudyJob:
    """A study to work at; travels to a worker process.

    Attributes:
        task, settings: of the benchmark.
        method, seed: which study.
        machine: where it runs.
        store: where its run is kept; None for nowhere.
        parent: the run that it stands below.
    """

    task: Task
    settings: TaskBenchmarkSettings
    method: str
    seed: int
    machine: Machine
    store: Store | None = None
    parent: str = ""


def run_study(job: StudyJob, observer: Observer) -> SeedResult | str:
    """What the study came to; in its place the reason why there is nothing: no trial can be made, or all failed.

    Raises:
        Unavailable: the cache or the store cannot be used.
    """
    prepared = prepare(job.task, job.settings.of_seed(job.seed), job.machine)
    try:
        check(job.method, prepared)
    except InvalidInput as error:
        return str(error)
    try:
        study = _study(job, prepared, observer)
        if study.best is None:
            return f"at least one trial must train to a finite loss, none did: {_why(study)}"
        return _measured(job, prepared, study, study.best, observer)
    finally:
        trim()


def study_plan(job: StudyJob, prepared: Prepared) -> StudyPlan:
    """The study: its trials are told apart by all that decides the networks that they train.

    A hopeless trial ends at a quarter or half of its training (after the search, if it is one). A pruning's never
    does: what its first stage comes to is not what is compared.
    """
    decides = _decides(job, prepared)
    return StudyPlan(
        name=_name(job, prepared, decides),
        decides=decides,
        trials=job.settings.trials,
        seed=job.seed,
        sampler=job.settings.sampler,
        together=1,
        steps=0 if job.method in PRUNING else prepared.final.recipe.epochs,
        storage=job.settings.storage,
        cache=job.machine.cache,
    )


def _decides(job: StudyJob, prepared: Prepared) -> dict[str, Any]:
    """What a study hangs on; how searches train what they visit is nothing to a method that does not search."""
    given = {
        "task": str(job.task),
        "threat": str(prepared.threat),
        "method": job.method,
        "version": [ROWS_VERSION, ENGINE_VERSION],
        "final": prepared.final.key(),
        "sampler": job.settings.sampler,
    }
    if job.method in PRUNING:
        return {**given, "pruning": PRUNING_VERSION}
    return {**given, **_search_decides(job.method, prepared)} if job.method in SEARCH else given


def _search_decides(method: str, prepared: Prepared) -> dict[str, Any]:
    agent, settings = prepared.agent, prepared.settings
    return {
        "visits": settings.visits,
        "search": prepared.search.key(),
        "policy": agent.policy_digest if method in WARM else "",
        "agent": asdict(agent.settings if method in WARM else RcnasSettings()),
        "reward": asdict(settings.reward),
        "teacher": prepared.teacher.lineage(),
    }


def _name(job: StudyJob, prepared: Prepared, decides: dict[str, Any]) -> str:
    """What the study is called; a task on a file with a long path by its digest.

    What decides it is part of the name, for one storage may hold many studies of a task and method.
    """
    task, rest = str(job.task), f"{prepared.threat} {job.method} seed {job.seed} {digest(decides)[:12]}"
    fits = task.isprintable() and len(task) + 1 + len(rest) <= NAME_LENGTH
    return f"{task if fits else digest(task)} {rest}"


def _study(job: StudyJob, prepared: Prepared, observer: Observer) -> StudyResult:
    plan = study_plan(job, prepared)

    def trial(context: TrialContext) -> TrialScore:
        made = _made(job.method, prepared, context)
        score = () if context.why_stopped else (_score(made, prepared, context.observer),)
        return TrialScore(score, {**_payload(made), "floors": list(context.floors.items())})

    if job.store is None:
        return work(plan, trial, observer)
    return work_tracked(plan, trial, job.store, observer, job.parent or None)


def _made(method: str, prepared: Prepared, context: TrialContext) -> Made:
    try:
        return make(method, prepared, context, context.observer)
    except Diverged as error:
        raise TrialFailed(str(error)) from error


def _score(made: Made, prepared: Prepared, observer: Observer) -> float:
    """Robust accuracy on the evaluation split under the task's own attack."""
    training = replace(prepared.final, spec=made.spec)
    images = training.source.splits().evaluation
    attack = AttackJob.after(training, (str(prepared.task.attack),), prepared.threat)
    report = evaluate_cached(made.model(training.device), made.spec, images, attack, observer, "scoring the trial")
    return report.complete().robust_accuracy


def _measured(
    job: StudyJob, prepared: Prepared, study: StudyResult, best: TrialRecord, observer: Observer
) -> SeedResult:
    made = make(job.method, prepared, Settled(best.parameters, dict(best.payload["floors"])), observer)
    if made.spec.digest != best.payload["digest"]:
        raise IntegrityError(
            f"the best trial of {study.name} must make the network {best.payload['digest'][:12]} again, got "
            f"{made.spec.digest[:12]}; take another cache folder or --storage"
        )
    training = replace(prepared.final, spec=made.spec)
    asked = measures_of(job.task, job.settings, prepared.threat, prepared.teacher.spec.classes)
    measured = measure(made.model(training.device), training, asked, observer, f"attacking {job.method}")
    return _result(job, made, measured, study, best)


def _payload(made: Made) -> dict[str, Any]:
    """What is kept of a trial beside its score: what it made, and what that took when it was done."""
    return {
        "digest": made.spec.digest,
        "evaluations": made.evaluations,
        "seconds": made.seconds,
        "search": made.search.to_dict(),
    }


def _result(job: StudyJob, made: Made, measured: Measured, study: StudyResult, best: TrialRecord) -> SeedResult:
    price, nominal = cost(made.spec), nominal_cost(made.spec)
    # A trial that failed leaves no payload, only its time.
    payloads = [{"seconds": trial.seconds, **trial.payload} for trial in study.trials]
    searches = [SearchCost.from_dict(each["search"]) for each in payloads if "search" in each]
    return SeedResult(
        seed=job.seed,
        spec=made.spec,
        parameters=price.parameters,
        macs=price.macs,
        nominal_macs=nominal.macs,
        settings=best.parameters,
        trials=len(study.trials),
        evaluations=sum(int(each.get("evaluations", 1)) for each in payloads),
        seconds=sum(float(each["seconds"]) for each in payloads),
        search=sum(searches, SearchCost()),
        curve=made.curve,
        rewards=made.rewards,
        **vars(measured),
    )


def _why(study: StudyResult) -> str:
    reasons: Mapping[str, Any] = dict.fromkeys(trial.why for trial in study.trials if trial.why)
    return "; ".join(reasons) or "no reason given"
