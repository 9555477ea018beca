import pytest

from rcnas_zoo.training.recipes import named_recipe
from rcnas_zoo.workflows.benchmarking.methods import PRUNING
from rcnas_zoo.workflows.benchmarking.pruned import shared_out


@pytest.mark.parametrize("method", PRUNING)
def test_the_stages_share_the_epochs_of_one_training(method):
    recipe = named_recipe("digits-final").with_changes(epochs=40)
    found = shared_out(method, recipe, 2_000_000)
    assert recipe.epochs - 3 <= found.epochs <= recipe.epochs
    assert found.macs == 2_000_000
    assert found.stage("pretrain").objective == recipe.objective


@pytest.mark.parametrize("method", PRUNING)
def test_a_training_too_short_to_share_gives_the_shortest_pruning(method):
    assert (
        shared_out(method, named_recipe("digits-final").with_changes(epochs=1), 2_000_000).stage("pretrain").epochs == 1
    )
