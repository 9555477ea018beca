"""A pruned network is an entry like any other."""

import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruned import PrunedSpec
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.retrain import retrain
from rcnas_zoo.workflows.train import TrainSettings, train
from rcnas_zoo.workflows.verify import verify_entry

from .quick import Heard, cache_keys, using

QUICK = TrainSettings(
    objective="sat", epochs=1, train_size=150, attacks=("pgd-2",), prune="hydra", pruning={"keep": 0.2}
)


@pytest.fixture(scope="module")
def made(tmp_path_factory, new_store):
    """WRN-10-1 with a fifth of its weights, in the folder `pruned`; what its observer heard, and its machine."""
    folder, heard = tmp_path_factory.mktemp("made"), Heard()
    machine, store = Machine(cache=folder / "cache"), new_store(folder / "store")
    with using(store):
        return train("wrn-10-1", "digits", folder / "pruned", QUICK, machine, heard), heard, machine, store


def test_the_entry_holds_what_was_pruned_and_says_how(made):
    entry, heard, machine, _ = made
    assert isinstance(entry.spec, PrunedSpec)
    assert verify_entry(str(entry.folder)).passed
    recipe = PruningRecipe.from_dict(entry.record.lineage["pruning"])
    assert (recipe.method, recipe.keep) == ("hydra", 0.2)
    assert entry.record.recipe == recipe.training
    assert entry.record.macs == cost(entry.spec).macs
    assert entry.record.macs == pytest.approx(0.2 * entry.record.nominal_macs, rel=0.01)
    assert heard.epochs == [1, 2, 3, 4, 5, 6]
    assert len(cache_keys(machine, "training")) == 3


def test_it_is_pruned_again_to_the_bit(made, tmp_path):
    entry, _, machine, store = made
    with using(store):
        again = retrain(str(entry.folder), tmp_path / "again", machine=machine)
    assert again.identical
    assert again.entry.spec == entry.spec


def test_its_weights_are_not_trained_without_their_mask(made, tmp_path):
    entry, _, machine, _ = made
    with pytest.raises(InvalidInput, match="must not have single weights pruned"):
        train(str(entry.folder), "digits", tmp_path / "new", TrainSettings(epochs=1), machine)
    with pytest.raises(InvalidInput, match="must not be pruned itself"):
        train(str(entry.folder), "digits", tmp_path / "new", QUICK, machine)


def test_what_pruning_keeps_goes_with_a_method():
    with pytest.raises(InvalidInput, match="keep must go with a method of pruning"):
        TrainSettings(pruning={"keep": 0.1})
