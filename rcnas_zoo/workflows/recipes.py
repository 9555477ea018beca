"""Which recipe a workflow takes when none is given: by data set, for the search and for the final training."""

from typing import Any

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.recipe import OBJECTIVES, TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe

# The 1,437 digits give few updates an epoch, so they need more epochs than the paper's five.
SEARCH_RECIPES = {"digits": "digits-search", "": "quick-5"}
FINAL_RECIPES = {"digits": "digits-final", "": "rrn-100"}

_COMMON: dict[str, Any] = {"attack_mode": "eval", "inner_attack": ""}
_AUTHORS: dict[str, dict[str, Any]] = {
    "clean": {"selection_attack": "clean"},
    # Wong et al. (2020) take one step of 1.25 radii and leave the network in train mode.
    "fast": {"attack_steps": 1, "attack_step_size": 1.25, "attack_start": "uniform", "attack_mode": "train"},
    "sat": {"attack_start": "uniform"},
    "trades": {"attack_start": "gaussian", "beta": 6.0},
    # The script for wide networks; that for ResNet-18 has beta 5.
    "mart": {"attack_start": "gaussian", "beta": 6.0},
}


def search_recipe(dataset: Dataset, threat: ThreatModel, name: str = "") -> TrainingRecipe:
    """The proxy training of a candidate: the recipe of a name, or the data set's own."""
    return _fit({"": name} if name else SEARCH_RECIPES, dataset, threat)


def final_recipe(dataset: Dataset, threat: ThreatModel, name: str = "") -> TrainingRecipe:
    """The full training of a network that is kept: the recipe of a name, or the data set's own."""
    return _fit({"": name} if name else FINAL_RECIPES, dataset, threat)


def chosen_recipe(dataset: Dataset, threat: ThreatModel, name: str, objective: str) -> TrainingRecipe:
    """The recipe of a name (empty: the data set's final one) with an objective (empty: its own)."""
    recipe = final_recipe(dataset, threat, name)
    return with_objective(recipe, objective or recipe.objective)


def with_objective(recipe: TrainingRecipe, objective: str) -> TrainingRecipe:
    """The recipe with another objective and what its authors' code gives it: attack, batch normalisation, weight."""
    if objective == recipe.objective:
        return recipe
    check_choice("the objective", objective, OBJECTIVES)
    return recipe.with_changes(objective=objective, **{**_COMMON, **_AUTHORS[objective]})


def recipe_name(recipes: dict[str, str], dataset: str) -> str:
    """The name of a data set's recipe; the empty key is the default."""
    return recipes.get(dataset, recipes[""])


def _fit(recipes: dict[str, str], dataset: Dataset, threat: ThreatModel) -> TrainingRecipe:
    """The recipe for this threat, without flips where a flip would change the label."""
    recipe = named_recipe(recipe_name(recipes, dataset.name))
    return recipe.with_changes(threat=str(threat), flip=recipe.flip and dataset.flips)
