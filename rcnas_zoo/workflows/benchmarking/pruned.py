"""How many epochs each stage of a pruning gets, so that it costs what any other row does."""

from rcnas_zoo.pruning.recipes import scaled_recipe
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.spec.recipe import TrainingRecipe


def shared_out(method: str, recipe: TrainingRecipe, macs: int) -> PruningRecipe:
    """The pruning whose stages together have at most the epochs of a training, or as few as it can have.

    Args:
        method: one of `PRUNING`.
        recipe: the training whose epochs are shared out.
        macs: effective MACs that the pruned network may have.
    """
    lengths = range(1, recipe.epochs + 1)
    made = [scaled_recipe(method, recipe.with_changes(epochs=epochs), macs=macs) for epochs in lengths]
    fitting = [each for each in made if each.epochs <= recipe.epochs]
    return max(fitting, key=lambda each: each.epochs, default=made[0])
