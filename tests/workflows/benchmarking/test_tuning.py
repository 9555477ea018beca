import pytest

from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.benchmarking.tuning import Settled, Untuned, tuned


@pytest.mark.parametrize("objective", ["sat", "trades", "mart"])
def test_the_first_trial_is_the_recipe_itself(objective):
    recipe = named_recipe("digits-final").with_changes(objective=objective)
    assert tuned(recipe, Untuned()) == recipe


def test_a_recipe_without_weight_decay_stays_without():
    recipe = named_recipe("digits-final").with_changes(weight_decay=0.0)
    asked = []

    class Asked(Untuned):
        def suggest_float(self, name, low, high, *, log=False, first):
            asked.append(name)
            assert 0 < low < first < high
            return high

    assert tuned(recipe, Asked()) == recipe.with_changes(learning_rate=3 * recipe.learning_rate)
    assert asked == ["learning_rate"]


def test_what_a_trial_has_chosen_is_taken_again():
    recipe = named_recipe("digits-final").with_changes(objective="trades")
    chosen = {"learning_rate": 0.2, "weight_decay": 1e-3, "beta": 3.0}
    found = tuned(recipe, Settled(chosen))
    assert {name: getattr(found, name) for name in chosen} == chosen
