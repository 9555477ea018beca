"""Which epochs are measured, and with what."""

import pytest
import torch
from torch import nn

from rcnas_zoo.evaluation.evaluate import evaluate
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.selection import Selection

RECIPE = TrainingRecipe(epochs=10, selection_attack="pgd-3", selection_start=0.5, threat="linf@1/10", batch_size=16)
CPU = torch.device("cpu")


@pytest.fixture
def model():
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 1, generator=torch.Generator().manual_seed(0))
    return network


def selection_of(split, recipe, model):
    return Selection.of(split, recipe, model, 3, CPU)


@pytest.mark.parametrize(
    ("start", "measured"), [(0.5, [6, 7, 8, 9, 10]), (0.0, list(range(1, 11))), (0.75, [8, 9, 10]), (1.0, [10])]
)
def test_epochs_are_measured_after_the_start_and_the_last_one_always(fragile_and_robust, model, start, measured):
    selection = selection_of(fragile_and_robust(40), RECIPE.with_changes(selection_start=start), model)
    assert [epoch for epoch in range(1, 11) if selection.measure(model, epoch)] == measured
    assert [epoch for epoch in range(1, 11) if selection.considers(epoch)] == measured


def test_none_measures_nothing(fragile_and_robust, model):
    selection = selection_of(fragile_and_robust(40), RECIPE.with_changes(selection_attack="none"), model)
    assert selection.measure(model, 10) == {}
    assert not selection.considers(10)


@pytest.mark.parametrize(("asked", "made"), [("none", "pgd-10"), ("pgd-3", "pgd-3")])
def test_a_required_measurement_is_made_whatever_the_recipe_says(fragile_and_robust, model, asked, made):
    split, changed = fragile_and_robust(40), RECIPE.with_changes(selection_attack=asked)
    report = evaluate(model, split.floats(), split.labels, attacks=[made], threat="linf@1/10", seed=3)
    found = selection_of(split, changed, model).measure(model, 1, required=True)
    assert found == {"clean_accuracy": report.clean_accuracy, "robust_accuracy": report.robust_accuracy}
    assert not selection_of(split, changed, model).considers(1)


def test_the_numbers_are_those_of_the_evaluation_and_the_same_every_time(fragile_and_robust, model):
    split = fragile_and_robust(40)
    report = evaluate(model, split.floats(), split.labels, attacks=["pgd-3"], threat="linf@1/10", seed=3)
    selection = selection_of(split, RECIPE, model)
    expected = {"clean_accuracy": report.clean_accuracy, "robust_accuracy": report.robust_accuracy}
    assert selection.measure(model, 6) == selection.measure(model, 10) == expected
    assert report.robust_accuracy < report.clean_accuracy


def test_finite_weights_that_overflow_the_logits_are_noticed(fragile_and_robust, model):
    selection = selection_of(fragile_and_robust(40), RECIPE, model)
    assert selection.has_finite_logits(model)
    with torch.no_grad():
        model[1].weight.fill_(3e38)
    assert not selection.has_finite_logits(model)
