"""Meta-training of the search agent (RC-NAS Algorithm 1) on really trained networks, and the policy's publication."""

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from rcnas_zoo.execution.locks import exclusive
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.search.rcnas.actor import Actor
from rcnas_zoo.search.rcnas.meta import MetaTrainer
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Observer, Silent
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.tracking.runs import HOLDER_TAG, TrackedRun, holder_of, open_run, unfinished_run
from rcnas_zoo.tracking.store import Store, current_store
from rcnas_zoo.tracking.uris import shown
from rcnas_zoo.training.checkpoints import Checkpoints, Saved
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.meta_settings import MetaTrainSettings
from rcnas_zoo.workflows.meta_tasks import TaskJob, TrainedTasks, prepare_task
from rcnas_zoo.workflows.meta_visits import MetaVisits, means
from rcnas_zoo.workflows.policies import load_actor, policy_config, policy_tensors, seen_tasks
from rcnas_zoo.zoo.names import ZooName
from rcnas_zoo.zoo.parcels import Published
from rcnas_zoo.zoo.policy_registry import publish_policy, pull_policy
from rcnas_zoo.zoo.policy_verify import verify_policy
from rcnas_zoo.zoo.policy_writing import write_policy

# Part of a run's key: a meta-training that this code would go on with differently must not be gone on with.
ENGINE_VERSION = 1


@dataclass(frozen=True)
class MetaResult:
    """What came of a meta-training.

    Attributes:
        tasks, settings: what was asked for.
        run_id, store_uri: where MLflow keeps it.
        rewards: of every visited network, in order.
        r_squared: share of the variance of held-out tasks that the encoder's states keep.
        seen: the tasks that were drawn.
        published: name, version and aliases of the policy.
        verified: whether the published copy verifies.
        notes: what the user should know.
        seconds: wall time of this call.
    """

    tasks: tuple[PosedTask, ...]
    settings: MetaTrainSettings
    run_id: str
    store_uri: str
    rewards: tuple[float, ...]
    r_squared: float
    seen: tuple[str, ...]
    published: Published
    verified: bool
    notes: tuple[str, ...]
    seconds: float

    @property
    def mean_rewards(self) -> list[float]:
        """The mean reward of each iteration."""
        return means(self.rewards, self.settings.meta.agent.steps)


@dataclass(frozen=True)
class MetaPlan:
    """A meta-training whose every part is known to fit: its settings, its tasks, and where it runs."""

    settings: MetaTrainSettings
    jobs: tuple[TaskJob, ...]
    machine: Machine

    @cached_property
    def key(self) -> str:
        """Digest of everything that decides the result; an interrupted run is found again by it."""
        tasks = [[str(job.posed), job.training.key()] for job in self.jobs]
        return digest(["meta-train", ENGINE_VERSION, self.settings.to_dict(), tasks])

    @property
    def stages(self) -> int:
        """Stages of the teachers."""
        return len(self.jobs[0].teacher.stages)

    @property
    def checkpoints(self) -> Checkpoints:
        """Where the training is kept while it is under way."""
        return Checkpoints(self.machine.cache / "meta" / self.key, every_seconds=0)


@dataclass
class _Training:
    """A meta-training under way."""

    plan: MetaPlan
    run: TrackedRun
    trainer: MetaTrainer
    tasks: TrainedTasks
    r_squared: float
    visits: MetaVisits = field(default_factory=MetaVisits)
    notes: list[str] = field(default_factory=list)


def plan_meta(tasks: Sequence[PosedTask], settings: MetaTrainSettings, machine: Machine) -> MetaPlan:
    """Check all tasks.

    Raises:
        InvalidInput: no task, parts of a task that do not fit one another, or teachers of different numbers of stages.
        NotFound: the data of a task are absent.
    """
    jobs = tuple(prepare_task(task, settings.proxy, machine) for task in tasks)
    stages = {len(job.teacher.stages): job.posed for job in jobs}
    if len(stages) != 1:
        which = ", ".join(f"{count} in {posed}" for count, posed in stages.items()) or "no task"
        raise InvalidInput(f"the teachers of a meta-training must have equally many stages, got {which}")
    return MetaPlan(settings, jobs, machine)


def meta_train(
    tasks: Sequence[PosedTask],
    settings: MetaTrainSettings | None = None,
    machine: Machine | None = None,
    observer: Observer | None = None,
    command: str = "",
) -> MetaResult:
    """Train the agent on many tasks and publish its policy; an interrupted run goes on after its last network.

    After every network the whole training (policy, optimiser, buffers, random states) is kept on disk.

    Args:
        tasks: what to learn from.
        settings: everything else that decides the result.
        machine: where it runs.
        observer: who watches.
        command: the command line that resumes this run, for `rcnas-zoo runs`.

    Raises:
        InvalidInput: the tasks, the settings and the data do not fit one another.
        NotFound: data are absent.
        Unavailable: the tracking store or the cache cannot be used, the same run is running already, or the training
            of a teacher diverged.
    """
    started = time.perf_counter()
    settings, machine, observer = settings or MetaTrainSettings(), machine or Machine(), observer or Silent()
    plan, store = plan_meta(tasks, settings, machine), current_store()
    with exclusive(machine.cache / "locks", plan.key):
        holder = holder_of(machine.cache)
        tags = {"rcnas.key": plan.key, "rcnas.command": command, HOLDER_TAG: holder}
        resume = unfinished_run(store, plan.key, holder)
        name = f"{len(plan.jobs)} tasks, {settings.iterations} iterations"
        with (
            open_run(store, "meta-train", name, _parameters(plan), tags, resume, observer) as run,
            Workers(1) as workers,
        ):
            training = _begin(plan, run, workers, observer)
            _visit_all(training, observer)
            result = _finish(training, store)
        # Only once the run has come to its end: until then it would be taken up again, and would need them.
        plan.checkpoints.clear()
    return replace(result, seconds=time.perf_counter() - started)


def _parameters(plan: MetaPlan) -> dict[str, str]:
    """Under names of their own, for `mlflow run` logs what was typed, before defaults are filled in."""
    tasks = "\n".join(str(job.posed) for job in plan.jobs)
    return {"resolved_tasks": tasks, "settings": canonical_json(plan.settings.to_dict())}


def _begin(plan: MetaPlan, run: TrackedRun, workers: Workers, observer: Observer) -> _Training:
    """The training at its start, or after its last network."""
    settings = plan.settings
    tasks = TrainedTasks(plan.jobs, workers, settings.reward, observer)
    run.tag("rcnas.progress", "pre-training the encoder")
    actor = Actor.fresh(settings.meta.agent, plan.stages, settings.seed)
    assert actor.r_squared is not None
    run.metrics({"encoder_r_squared": actor.r_squared}, 0)
    run.tag("rcnas.progress", "meta-training")
    trainer = MetaTrainer(settings.meta, actor, tasks, settings.seed)
    training = _Training(plan, run, trainer, tasks, actor.r_squared)
    training.notes.extend(job.note for job in plan.jobs if job.note)
    saved = plan.checkpoints.latest(training.notes.append)
    for note in training.notes:
        observer.warning(note)
    if saved is not None:
        trainer.restore(saved.tensors)
        training.visits.restore(saved.tensors)
        # They may have been logged in a run that is not taken up again: a finished one, or one of another store.
        _log(training, range(1, trainer.done + 1))
    return training


def _visit_all(training: _Training, observer: Observer) -> None:
    trainer, checkpoints = training.trainer, training.plan.checkpoints
    observer.progress("meta-training", trainer.done, trainer.total)
    while not trainer.finished:
        training.visits.add(trainer.step(observer))
        # First the store, then the disk: what is visited again after a crash is logged once all the same.
        _log(training, [trainer.done])
        tensors = {**trainer.state(), **training.visits.state()}
        saved = {name: tensor.contiguous() for name, tensor in tensors.items()}
        checkpoints.save(Saved(saved, {"done": trainer.done}))
        note = f"reward {training.visits.rewards[-1]:.3f}"
        observer.progress("meta-training", trainer.done, trainer.total, note)


def _log(training: _Training, visits: Iterable[int]) -> None:
    """The rewards of the visits of these numbers, from 1; what the run has already is not logged again."""
    rewards, steps = training.visits.rewards, training.plan.settings.meta.agent.steps
    run = training.run
    for done in visits:
        run.backlog.add({"reward": rewards[done - 1]}, done)
        if done % steps == 0:
            run.backlog.add({"mean_reward": means(rewards[done - steps : done], steps)[0]}, done // steps)
    run.backlog.settle()
    if len(rewards) % steps == 0:
        run.tag("rcnas.progress", f"{len(rewards)}/{training.trainer.total} networks")


def _finish(training: _Training, store: Store) -> MetaResult:
    """Keep what was found, publish the policy, and verify the published copy."""
    plan, run, trainer = training.plan, training.run, training.trainer
    agent = plan.settings.meta.agent
    run.artifact("visits.json", canonical_json(training.visits.table(training.tasks, agent.steps)))
    experience, seen = seen_tasks(trainer.experience(), training.tasks.names)
    lineage = {
        "method": "meta-train",
        "run_id": run.id,
        "seed": plan.settings.seed,
        "iterations": plan.settings.iterations,
        "visits": trainer.total,
        "students_enter": plan.settings.students_enter,
    }
    run.tag("rcnas.progress", "publishing")
    with tempfile.TemporaryDirectory() as name:
        config = policy_config(agent, plan.stages, seen, lineage)
        tensors = policy_tensors(trainer.state(), experience.tensors())
        entry = write_policy(Path(name) / "policy", config, tensors)
        published = publish_policy(entry.folder, store, run_id=run.id)
        wanted = ZooName(published.name, version=published.version)
        copy = pull_policy(wanted, Path(name) / "copy", store, source="registry").entry
        verified = verify_policy(copy.folder, load_actor).passed
    run.tag("rcnas.progress", f"done: {published.name} version {published.version}")
    return MetaResult(
        tasks=tuple(job.posed for job in plan.jobs),
        settings=plan.settings,
        run_id=run.id,
        store_uri=shown(store.tracking_uri),
        rewards=tuple(training.visits.rewards),
        r_squared=training.r_squared,
        seen=seen,
        published=published,
        verified=verified,
        notes=tuple(training.notes),
        seconds=0.0,
    )
