import pytest

from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.benchmarking.tuning import Settled, Untuned, tuned


@pytest.mark.parametrize("objective", ["sat", "trades", "mart"])
def test_the_first_trial_is_the_recipe_itself(objective):
    recipe = named_recipe("digits-final").with_changes(objective=objective)
    assert tuned(recipe, Untuned()) == recipe


def test_what_a_trial_has_chosen_is_taken_again():
    recipe = named_recipe("digits-final").with_changes(objective="trades")
    chosen = {"learning_rate": 0.2, "weight_decay": 1e-3, "beta": 3.0}
    found = tuned(recipe, Settled(chosen))
    assert {name: getattr(found, name) for name in chosen} == chosen
