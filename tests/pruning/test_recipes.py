import pytest

from rcnas_zoo.pruning.recipes import PAPER, scaled_recipe
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruning import METHODS, PruningRecipe, Stage
from rcnas_zoo.training.recipes import named_recipe

DIGITS = named_recipe("digits-final")


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_recipe_of_its_paper(method):
    recipe = PAPER[method]
    assert recipe.method == method
    epochs = [recipe.stage(name).epochs for name in ("pretrain", "prune", "finetune")]
    assert epochs == ([200, 200, 200] if method == "r-admm" else [100, 20, 100])
    assert (recipe.pretrain.learning_rate, recipe.finetune.learning_rate) == (0.1, 0.01)
    assert (recipe.training.threat, recipe.training.attack_steps) == ("linf@8/255", 10)


@pytest.mark.parametrize("method", METHODS)
def test_a_scaled_recipe_keeps_the_training_as_its_first_stage(method):
    recipe = scaled_recipe(method, DIGITS, keep=0.3)
    assert recipe.stage("pretrain") == DIGITS
    assert recipe.finetune == Stage(DIGITS.epochs, DIGITS.learning_rate / 10)
    assert (recipe.keep, recipe.structure) == (0.3, "weights")
    assert PruningRecipe.from_dict(recipe.to_dict()) == recipe


def test_the_pull_of_r_admm_grows_to_its_last_weight_over_the_stage():
    recipe = scaled_recipe("r-admm", DIGITS)
    assert recipe.penalty * recipe.growth ** (recipe.prune.epochs - 1) == pytest.approx(30.0)


def test_a_short_training_still_leaves_time_to_learn_masks():
    assert scaled_recipe("hydra", DIGITS.with_changes(epochs=1)).prune.epochs == 4


def test_an_unknown_method_is_refused():
    with pytest.raises(InvalidInput, match="did you mean 'harp'"):
        scaled_recipe("herp", DIGITS)
