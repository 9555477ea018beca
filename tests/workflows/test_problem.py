import pytest
import torch

from rcnas_zoo.candidates import attacked
from rcnas_zoo.candidates.cache import ContentCache
from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.networks.build import build
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.task import Task
from rcnas_zoo.workflows.prepare import prepare
from rcnas_zoo.workflows.problem import make_problem

from .quick import TASK, cache_keys, quick_settings


@pytest.fixture
def prepared(undisturbed):
    """The run whose teacher was trained already."""
    return prepare(TASK, quick_settings(), undisturbed.machine)


def test_the_teacher_is_trained_as_a_candidate_is_and_attacked_on_the_evaluation_split(prepared, no_test_images):
    made = make_problem(prepared, Silent())
    model = build(prepared.teacher.spec)
    model.load_state_dict(train_cached(prepared.search).best)
    images = prepared.search.source.splits().evaluation
    report = evaluate(model, images.floats(), images.labels, attacks=["pgd-2"], threat="linf@1/5", seed=0)
    assert made.teacher.accuracy == report.robust_accuracy
    assert made.evaluation_samples == len(images) == 287
    price = cost(prepared.teacher.spec)
    assert (made.teacher.parameters, made.teacher.macs) == (price.parameters, price.macs)
    assert (made.task, str(made.threat), made.budget) == (TASK, "linf@1/5", 500_000)


def test_a_problem_is_made_once(prepared, monkeypatch):
    made = make_problem(prepared, Silent())
    monkeypatch.setattr(ContentCache, "put", lambda *_: pytest.fail("done twice"))
    assert make_problem(prepared, Silent()) == made


def test_the_lipschitz_statistics_do_not_depend_on_the_batches(prepared, undisturbed, monkeypatch):
    kept = make_problem(prepared, Silent()).teacher.lips
    monkeypatch.setattr(attacked, "BATCH_SIZE", 100)
    monkeypatch.setattr(attacked, "ENGINE_VERSION", -1)
    before = len(cache_keys(undisturbed.machine, "attacked"))
    assert make_problem(prepared, Silent()).teacher.lips == pytest.approx(kept, rel=1e-5)
    assert len(cache_keys(undisturbed.machine, "attacked")) == before + 1


def test_without_an_attack_the_lipschitz_statistics_are_zero(undisturbed):
    task = Task.parse("digits/clean/wrn-10-1/500k")
    made = make_problem(prepare(task, quick_settings(), undisturbed.machine), Silent())
    assert made.teacher.lips == (0.0,) * 7
    assert made.teacher.accuracy > undisturbed.result.problem.teacher.accuracy


def test_a_teacher_that_is_brought_is_not_trained(trained, machine):
    prepared = prepare(TASK, quick_settings(teacher_weights=str(trained.entry.folder)), machine)
    made = make_problem(prepared, Silent())
    assert not (machine.cache / "training").exists()
    assert made.teacher.spec == trained.entry.spec


def test_the_threads_of_the_process_stay_as_they_were(prepared, machine):
    torch.set_num_threads(2)
    try:
        make_problem(prepare(TASK, quick_settings(seed=1), machine), Silent())
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
