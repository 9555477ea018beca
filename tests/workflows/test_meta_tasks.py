from dataclasses import replace

import numpy as np
import pytest

from rcnas_zoo.candidates.reward import RewardSettings
from rcnas_zoo.execution.workers import Workers
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.errors import Diverged, InvalidInput, NotFound
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.posed import PosedTask
from rcnas_zoo.spec.teacher import TeacherName
from rcnas_zoo.workflows import meta_tasks
from rcnas_zoo.workflows.meta_settings import MetaTrainSettings
from rcnas_zoo.workflows.meta_tasks import TrainedTasks, prepare_task
from rcnas_zoo.workflows.meta_train import plan_meta
from rcnas_zoo.workflows.settings import Proxy

from .quick_meta import SETTINGS, TASKS


def prepared(machine, *texts):
    return [prepare_task(PosedTask.parse(text), SETTINGS.proxy, machine) for text in texts]


@pytest.fixture
def tasks(machine):
    with Workers(1) as workers:
        yield TrainedTasks(plan_meta(TASKS, SETTINGS, machine).jobs, workers, RewardSettings(), Silent())


def test_teachers_of_the_same_data_set_are_in_the_buffer_the_tasks_own_first(machine):
    jobs = prepared(machine, "digits/fgsm/wrn-10-1/500k", "digits/fgsm/wrn-16-1/1m", "digits/cw-2/wrn-10-1/400k")
    with Workers(1) as workers:
        made = TrainedTasks(jobs, workers, RewardSettings(), Silent())
    small, large = (
        teacher_spec(TeacherName.parse(name), jobs[0].teacher.input, 10) for name in ("wrn-10-1", "wrn-16-1")
    )
    assert [list(made.roots(number)) for number in range(3)] == [[small, large], [large, small], [small, large]]
    assert made.names == [str(job.posed) for job in jobs]
    assert [made.budget(number) for number in range(3)] == [500_000, 1_000_000, 400_000]
    assert made.space(0, large) == ResidualSpace(large)


def test_a_teacher_is_trained_and_attacked_once_whatever_the_budget(tasks, monkeypatch):
    own = tasks.roots(0)[0]
    first = tasks.problem(0, own, 500_000)
    assert (first.budget, first.teacher.spec, str(first.threat)) == (500_000, own, "linf@1/5")
    assert 0 < first.teacher.accuracy <= 1
    monkeypatch.setattr(meta_tasks, "teacher_facts", lambda *_, **__: pytest.fail("asked twice"))
    assert replace(tasks.problem(0, own, 300_000), task=first.task) == first


def test_a_students_training_may_diverge_and_a_teachers_may_not(tasks, monkeypatch):
    from rcnas_zoo.workflows import problem

    really = problem.trained_model
    monkeypatch.setattr(problem, "trained_model", lambda *given: (really(*given)[0], True))
    student = tasks.space(0, tasks.roots(0)[0]).smallest()
    assert tasks.problem(0, student, 500_000).teacher.spec == student
    with pytest.raises(Diverged, match="the teacher's training must keep a finite loss"):
        tasks.problem(0, tasks.roots(0)[0], 500_000)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "digits/pgd-2/wrn-10-1/5m",
            InvalidInput,
            "the task digits/pgd-2/wrn-10-1/5m linf@1/5: a budget must be at most",
        ),
        ("digits/pgd-2/wrn-10-1/5k", InvalidInput, "a budget must be at least"),
        ("digits/pgd-2/wrn-10-1/500k l2@0.5", InvalidInput, "a search must be for a Linf threat"),
        ("cifar10/pgd-2/wrn-10-1/5m", NotFound, "the task cifar10/.*: .*cifar10"),
    ],
)
def test_a_task_that_cannot_be_is_named(text, error, message, machine):
    with pytest.raises(error, match=message):
        prepare_task(PosedTask.parse(text), Proxy(), machine)


def test_a_budget_that_does_not_bind_is_noted(machine):
    (job,) = prepared(machine, "digits/pgd-2/wrn-10-1/1m")
    assert job.note.startswith("digits/pgd-2/wrn-10-1/1m linf@1/5: the budget 1m does not bind")


def test_the_key_of_a_run_hangs_on_tasks_settings_and_data_alone(machine, tmp_path):
    images = np.zeros((60, 8, 8), dtype=np.uint8)
    labels = np.arange(60) % 3
    np.savez(tmp_path / "mine.npz", train_images=images, train_labels=labels, test_images=images, test_labels=labels)
    own = PosedTask.parse(f"npz:{tmp_path}/mine.npz/fgsm/wrn-10-1/500k")
    asked = [
        (TASKS, SETTINGS),
        (TASKS[:1], SETTINGS),
        ((*TASKS, own), SETTINGS),
        (TASKS, replace(SETTINGS, seed=1)),
        (TASKS, replace(SETTINGS, iterations=5)),
        (TASKS, replace(SETTINGS, students_enter=True)),
        (TASKS, replace(SETTINGS, search_epochs=2)),
        (TASKS, replace(SETTINGS, agent_changes={**SETTINGS.agent_changes, "lips": False})),
    ]
    keys = [plan_meta(*given, machine).key for given in asked]
    assert len(set(keys)) == len(keys)
    elsewhere = replace(machine, cache=tmp_path / "other")
    assert [plan_meta(*given, elsewhere).key for given in asked] == keys


def test_there_must_be_a_task(machine):
    with pytest.raises(InvalidInput, match="must have equally many stages, got no task"):
        plan_meta((), MetaTrainSettings(), machine)
