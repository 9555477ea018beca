"""Which recipe a workflow takes when none is given: by data set, for the search and for the final training."""

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.training.recipes import named_recipe

# The 1,437 digits give few updates an epoch, so they need more epochs than the paper's five.
SEARCH_RECIPES = {"digits": "digits-search", "": "quick-5"}
FINAL_RECIPES = {"digits": "digits-final", "": "rrn-100"}


def search_recipe(dataset: Dataset, threat: ThreatModel) -> TrainingRecipe:
    """The proxy training of a candidate."""
    return _fit(SEARCH_RECIPES, dataset, threat)


def final_recipe(dataset: Dataset, threat: ThreatModel) -> TrainingRecipe:
    """The full training of a network that is kept."""
    return _fit(FINAL_RECIPES, dataset, threat)


def with_objective(recipe: TrainingRecipe, objective: str) -> TrainingRecipe:
    """The recipe with another objective, and with what belongs to it: its start of the attack, its choice of epoch."""
    if objective == recipe.objective:
        return recipe
    if objective == "clean":
        return recipe.with_changes(objective=objective, selection_attack="clean")
    start = "uniform" if objective == "sat" else "gaussian"
    return recipe.with_changes(objective=objective, attack_start=start)


def recipe_name(recipes: dict[str, str], dataset: str) -> str:
    """The name of a data set's recipe; the empty key is the default."""
    return recipes.get(dataset, recipes[""])


def _fit(recipes: dict[str, str], dataset: Dataset, threat: ThreatModel) -> TrainingRecipe:
    """The recipe for this threat, without flips where a flip would change the label."""
    recipe = named_recipe(recipe_name(recipes, dataset.name))
    return recipe.with_changes(threat=str(threat), flip=recipe.flip and dataset.flips)
