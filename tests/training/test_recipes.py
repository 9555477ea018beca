"""Named recipes."""

import pytest

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.training.recipes import ACTIVATIONS, named_recipe, recipe_names

DIGESTS = {
    "digits-final": "9c57135879e1",
    "digits-search": "997534ad1ebf",
    "quick-5": "942184ab3e17",
    "rrn-100": "9edcbcfce7a6",
}


def test_the_robustresnet_recipe_has_its_published_settings():
    recipe = named_recipe("rrn-100")
    assert (recipe.objective, recipe.beta, recipe.attack_steps, recipe.attack_step_size) == ("trades", 6, 10, 0.25)
    assert (recipe.epochs, recipe.batch_size, recipe.learning_rate) == (100, 128, 0.1)
    assert (recipe.schedule, recipe.milestones, recipe.weight_decay) == ("step", (0.75, 0.9), 2e-4)
    assert (recipe.gradient_clip, recipe.momentum, recipe.nesterov) == (5, 0.9, False)


def test_the_quick_recipe_is_the_same_in_five_epochs_without_a_selection():
    assert named_recipe("quick-5") == named_recipe("rrn-100").with_changes(epochs=5, selection_attack="none")


def test_the_advanced_recipe_adds_what_helps_beyond_it():
    recipe = named_recipe("advanced")
    assert (recipe.objective, recipe.attack_start, recipe.bn_statistics) == ("trades", "uniform", "adversarial")
    assert (recipe.schedule, recipe.warmup, recipe.nesterov) == ("cosine", 0.025, True)
    assert (recipe.weight_average, recipe.weight_decay) == (0.995, 5e-4)
    # Half of what the paper has: 1,024 images at a rate of 0.4.
    assert (recipe.batch_size, recipe.learning_rate) == (512, 0.2)
    assert ACTIVATIONS == {"advanced": "silu"}
    assert set(ACTIVATIONS) <= set(recipe_names())


def test_the_recipes_of_the_first_release_have_the_digests_of_the_first_release():
    """They are in records and keys of the cache."""
    digests = {name: named_recipe(name).digest[:12] for name in recipe_names() if name != "advanced"}
    assert digests == DIGESTS


def test_recipes_for_digits_keep_the_label_and_use_the_threat_of_the_data_set():
    for name in ("digits-search", "digits-final"):
        recipe = named_recipe(name)
        assert (recipe.threat, recipe.flip, recipe.crop_padding) == ("linf@1/5", False, 0)


def test_every_name_has_a_recipe_of_its_own():
    names = recipe_names()
    assert names == ["advanced", "digits-final", "digits-search", "quick-5", "rrn-100"]
    assert len({named_recipe(name).digest for name in names}) == len(names)


def test_an_unknown_name_is_refused_with_its_neighbour():
    with pytest.raises(InvalidInput, match=r"one of advanced, digits-final.*got 'rrn-10' \(did you mean 'rrn-100'\?\)"):
        named_recipe("rrn-10")
