from dataclasses import replace

import pytest

from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.recipes import final_recipe, search_recipe

THREAT = ThreatModel.parse("linf@8/255")


def called(name, flips):
    """A data set with another name: recipes do not look at the images."""
    return replace(load_dataset("digits"), name=name, flips=flips)


def test_the_digits_have_recipes_of_their_own():
    digits = load_dataset("digits")
    assert search_recipe(digits, THREAT) == named_recipe("digits-search").with_changes(threat="linf@8/255")
    assert final_recipe(digits, THREAT) == named_recipe("digits-final").with_changes(threat="linf@8/255")


def test_other_data_gets_the_papers_recipes():
    assert search_recipe(called("cifar10", True), THREAT) == named_recipe("quick-5")
    assert final_recipe(called("cifar10", True), THREAT) == named_recipe("rrn-100")


@pytest.mark.parametrize("recipe", [search_recipe, final_recipe])
def test_nothing_is_flipped_where_a_flip_would_change_the_label(recipe):
    assert recipe(called("cifar10", True), THREAT).flip
    assert not recipe(called("svhn", False), THREAT).flip
    assert not recipe(called("digits", False), THREAT).flip
    assert not recipe(called("npz:/data/mine.npz", False), THREAT).flip
