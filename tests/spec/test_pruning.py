from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.pruning import METHODS, STRUCTURES, PruningRecipe, Stage
from rcnas_zoo.spec.recipe import TrainingRecipe

from .refusals import checked, refusal
from .strategies import JSON, damaged

STAGES = st.builds(Stage, st.integers(1, 1000), st.floats(0, 100))
RECIPES = st.builds(
    PruningRecipe,
    st.sampled_from(METHODS),
    keep=st.floats(0.001, 0.999),
    macs=st.integers(0, 10**15),
    training=st.builds(TrainingRecipe, objective=st.sampled_from(["sat", "trades", "mart"])),
    pretrain=STAGES,
    prune=STAGES,
    finetune=STAGES,
    penalty=st.floats(0, 1e6),
    period=st.integers(1, 1000),
    growth=st.floats(1, 1e3),
)
VALID = PruningRecipe().to_dict()


@given(RECIPES)
def test_a_recipe_written_out_reads_back_equal_with_the_same_digest(recipe):
    again = PruningRecipe.from_dict(recipe.to_dict())
    assert again == recipe
    assert again.digest == recipe.digest


@given(RECIPES, RECIPES)
def test_digests_tell_recipes_apart(one, other):
    assert (one.digest == other.digest) == (one == other)


@given(damaged(VALID) | JSON)
def test_damaged_data_is_refused_in_one_line_or_read_as_a_recipe(data):
    try:
        PruningRecipe.from_dict(data)
    except InvalidInput as error:
        checked(error)


@given(RECIPES)
def test_a_stage_has_its_own_length_and_rate_and_shares_the_rest(recipe):
    for name in recipe.stages:
        stage, training = getattr(recipe, name), recipe.stage(name)
        assert (training.epochs, training.learning_rate) == (stage.epochs, stage.learning_rate)
        assert (training.objective, training.threat) == (recipe.training.objective, recipe.training.threat)


def test_the_second_stage_of_r_admm_ends_with_its_last_weights_and_an_unclipped_pull():
    recipe = PruningRecipe("r-admm", training=TrainingRecipe(gradient_clip=5.0))
    changed = {
        field.name
        for field in fields(TrainingRecipe)
        if getattr(recipe.stage("prune"), field.name) != getattr(recipe.training, field.name)
    }
    assert changed == {"selection_attack", "gradient_clip", "schedule", "epochs"}


def test_methods_by_magnitude_have_no_second_stage():
    assert PruningRecipe("magnitude").stages == ("pretrain", "finetune")
    assert PruningRecipe("harp").stages == ("pretrain", "prune", "finetune")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "hidra"}, "did you mean 'hydra'"),
        ({"structure": "filters"}, "must be one of"),
        ({"keep": 0}, "between 0 and 1"),
        ({"keep": 1}, "between 0 and 1"),
        ({"keep": 1.5}, "in [0, 1]"),
        ({"macs": -1}, "at least 0"),
        ({"growth": 0.5}, "in [1"),
        ({"period": 0}, "at least 1"),
        ({"method": "r-admm", "structure": "channels"}, "channels must be pruned by"),
        ({"method": "magnitude-global", "structure": "channels"}, "channels must be pruned by"),
        ({"prune": {"epochs": 0, "learning_rate": 0.1}}, "at least 1"),
        ({"prune": {"epochs": 1}}, "must have the field"),
        ({"training": {"objective": "none"}}, "the objective"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    assert words in refusal(PruningRecipe.from_dict, {**VALID, **changes})


def test_there_are_two_structures():
    assert STRUCTURES == ("weights", "channels")
