"""Studies whose trials are child runs of the study's run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import accumulate

from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.baselines.studies.records import StudyResult, TrialRecord
from rcnas_zoo.baselines.studies.trial import TrialFunction
from rcnas_zoo.baselines.studies.work import finished, work
from rcnas_zoo.execution.locks import waited
from rcnas_zoo.spec.canonical import canonical_json
from rcnas_zoo.spec.observer import Observer, ProgressOnly, Silent, Together
from rcnas_zoo.tracking.joined_run import is_finished, joined_run
from rcnas_zoo.tracking.observer import RunObserver
from rcnas_zoo.tracking.store import Store
from rcnas_zoo.tracking.tracked_run import KEY_TAG, PARENT_TAG, WORKFLOW_TAG, TrackedRun

WORKFLOW = "study"

_SILENT = Silent()


def work_tracked(
    plan: StudyPlan, function: TrialFunction, store: Store, observer: Observer = _SILENT, parent: str | None = None
) -> StudyResult:
    """Work at a study, see `rcnas_zoo.baselines.studies.work.work`, and keep it as a run with a child for each trial.

    The run is the study's, not the process's: processes that share the study share it too, and so does who adds trials
    later. A trial has one child run, also if it is begun in one process and finished in another; what it logged twice
    counts once. A trial's end is logged before the study knows of it, so that a process that dies in between is
    repeated and nothing is missing. A study that was finished without a run, or with one elsewhere, is logged whole.

    Args:
        plan: the study.
        function: what a trial does.
        store: where the run is kept.
        observer: who watches.
        parent: id of the run below which a new one stands.

    Raises:
        Unavailable: the store does not take it; the study goes on from there when it is worked at again.
        IntegrityError, InvalidInput: as `work`.
    """
    done = finished(plan)
    if done is not None and is_finished(store, _key(plan)):
        return done
    alone = partial(waited, plan.address.leases, "run")
    tags = {WORKFLOW_TAG: WORKFLOW, KEY_TAG: _key(plan), **({PARENT_TAG: parent} if parent else {})}
    with joined_run(store, tags, plan.name, alone, observer) as run:
        result = work(plan, function, observer, TrackedStudy(run, observer))
        with alone():
            _keep(plan, run.afresh(), result)
    return result


class TrackedStudy:
    """Follows the trials of a study and keeps each as a child of the study's run."""

    def __init__(self, run: TrackedRun, people: Observer) -> None:
        self._run = run
        self._people = ProgressOnly(people)

    @contextmanager
    def trial(self, number: int) -> Iterator["TrackedTrial"]:
        """See `rcnas_zoo.baselines.studies.watch.StudyWatch.trial`."""
        with self._run.only_child(trial_key(number)) as child:
            yield TrackedTrial(child, Together([RunObserver(child), self._people]))


@dataclass(frozen=True)
class TrackedTrial:
    """Follows one trial; its observer logs into the trial's run."""

    run: TrackedRun
    observer: Observer

    def ended(self, record: TrialRecord) -> None:
        """See `rcnas_zoo.baselines.studies.watch.TrialWatch.ended`."""
        self.run.parameters({"number": record.number, **record.parameters})
        self.run.tag("rcnas.end", record.end)
        if record.why:
            self.run.tag("rcnas.why", record.why)
        values = {f"value_{index}": value for index, value in enumerate(record.values)}
        self.run.metrics({**values, "trial_seconds": record.seconds}, 0)
        for step, value in record.reports.items():
            self.run.metrics({"reported": value}, step)
        self.run.artifact("trial.json", canonical_json(asdict(record)))


def trial_key(number: int) -> str:
    """By which the child run of a trial is known."""
    return f"trial/{number:03}"


def trials_table(result: StudyResult) -> list[dict[str, object]]:
    """Every trial of a study, plain JSON data."""
    return [asdict(trial) for trial in result.trials]


def _key(plan: StudyPlan) -> str:
    return f"study/{plan.digest}"


def _keep(plan: StudyPlan, run: TrackedRun, result: StudyResult) -> None:
    logged, study = run.finished_children(), TrackedStudy(run, _SILENT)
    for record in result.trials:
        if trial_key(record.number) not in logged:
            with study.trial(record.number) as trial:
                trial.ended(record)
    decides = canonical_json(dict(plan.decides))
    run.parameters({**plan.identity, "decides": decides, "trials": plan.trials, "storage": plan.address.shown})
    for step, best in enumerate(_best_so_far(result)):
        run.metrics({"best_value": best}, step)
    run.artifact("trials.json", canonical_json({"plan": plan.identity, "trials": trials_table(result)}))


def _best_so_far(result: StudyResult) -> list[float]:
    """The best first value after each scored trial."""
    better = max if result.directions[0] == "maximize" else min
    return list(accumulate((trial.values[0] for trial in result.scored), better))
