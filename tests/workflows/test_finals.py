from dataclasses import replace

import pytest
import torch

from rcnas_zoo.candidates.training import train_cached
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.networks.build import build
from rcnas_zoo.workflows.finals import FinalJob, FinalPlan, final_plan, metrics_on_test, run_final
from rcnas_zoo.workflows.prepare import prepare

from .quick import QUICK_PLAN, TASK, cache_keys, quick_settings


@pytest.fixture
def job(undisturbed):
    """The final of the searched network, which is trained already."""
    prepared = prepare(TASK, quick_settings(), undisturbed.machine)
    training = replace(prepared.final, spec=undisturbed.result.spec)
    return FinalJob("searched", training, prepared.threat, QUICK_PLAN)


@pytest.mark.parametrize(
    ("attack", "whole"),
    [
        ("pgd-20", ("pgd-20",)),
        ("cw-20", ("pgd-20", "cw-20")),
        ("autoattack", ("pgd-20",)),
        ("clean", ("pgd-20",)),
    ],
)
def test_all_images_get_pgd_and_the_tasks_attack_and_a_subset_gets_autoattack(attack, whole):
    assert final_plan(attack, 7) == FinalPlan(whole, ("autoattack",), 7)


def test_a_final_is_trained_and_measured_on_the_whole_test_split(job, undisturbed):
    result = run_final(job)
    assert result == undisturbed.result.rows[0]
    model, test = build(job.training.spec), job.training.source.dataset().test()
    model.load_state_dict(train_cached(job.training).best)
    report = evaluate(model, test.floats(), test.labels, attacks=["pgd-2"], threat="linf@1/5", seed=0)
    assert result.measured == (report.to_measurement("digits", "test", test.digest),)
    assert (len(result.curve), result.diverged) == (1, False)


def test_costly_attacks_get_a_fixed_subset(job):
    whole, part = run_final(replace(job, plan=FinalPlan(("pgd-2",), ("pgd-1",), 5))).measured
    test = job.training.source.dataset().test()
    assert (whole.samples, whole.data_digest) == (360, test.digest)
    assert (part.samples, part.data_digest) == (5, subset(test, 5, 0).digest)
    assert list(part.attacks) == ["pgd-1"]


def test_the_metrics_of_a_final_are_its_accuracies(job):
    result = run_final(replace(job, plan=FinalPlan(("pgd-2",), ("pgd-1",), 5)))
    whole, part = result.measured
    assert metrics_on_test(result) == {
        "test.clean": whole.clean_accuracy,
        "test.pgd-2": whole.attacks["pgd-2"],
        "test.pgd-1": part.attacks["pgd-1"],
    }


def test_weights_that_are_given_are_measured_and_not_trained(job, trained, machine):
    training = replace(job.training, spec=trained.entry.spec, cache=machine.cache)
    result = run_final(replace(job, training=training, weights=trained.entry.folder))
    assert result.measured == trained.entry.record.measured
    assert result.curve == ()
    assert not (machine.cache / "training").exists()
    # One of the clean images and one of the attack.
    assert len(cache_keys(machine, "verdicts")) == 2


def test_a_training_that_diverges_says_so_and_is_measured_with_its_last_finite_weights(job, machine):
    wild = job.training.recipe.with_changes(learning_rate=100.0, gradient_clip=0.0, momentum=1.0, attack_steps=1)
    result = run_final(replace(job, training=replace(job.training, recipe=wild, cache=machine.cache)))
    assert result.diverged
    assert result.measured[0].clean_accuracy < 0.5


def test_the_threads_of_the_process_stay_as_they_were(job, machine):
    torch.set_num_threads(2)
    try:
        run_final(replace(job, training=replace(job.training, cache=machine.cache)))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
