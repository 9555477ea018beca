import json

import pytest
from hypothesis import given

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe

from .refusals import checked, refusal
from .strategies import JSON, RECIPES, damaged

DEFAULT = TrainingRecipe()


def test_the_digest_of_the_default_recipe_never_changes():
    assert DEFAULT.digest == "9edcbcfce7a61da5b480f2cebda22997fcbe73bd7b089019a35d25bd23b0488f"


def test_the_default_is_the_published_trades_setting():
    assert (DEFAULT.objective, DEFAULT.beta, DEFAULT.attack_steps, DEFAULT.epochs) == ("trades", 6.0, 10, 100)
    assert (DEFAULT.batch_size, DEFAULT.learning_rate, DEFAULT.momentum) == (128, 0.1, 0.9)


@given(RECIPES)
def test_a_recipe_written_out_reads_back_equal_with_the_same_digest(recipe):
    again = TrainingRecipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again == recipe
    assert again.digest == recipe.digest


def test_absent_fields_take_their_defaults():
    assert TrainingRecipe.from_dict({"epochs": 3}) == TrainingRecipe(epochs=3)


@pytest.mark.parametrize(
    "fields", [{"threat": "8/255"}, {"threat": "linf@16/510"}, {"beta": 6}, {"milestones": [0.75, 0.9]}]
)
def test_the_same_recipe_written_otherwise_has_the_same_digest(fields):
    assert TrainingRecipe(**fields).digest == DEFAULT.digest


@pytest.mark.parametrize(
    "fields",
    [
        {"objective": "sat"},
        {"threat": "linf@4/255"},
        {"epochs": 99},
        {"learning_rate": 0.05},
        {"nesterov": True},
        {"milestones": ()},
        {"flip": False},
        {"selection_attack": "none"},
    ],
)
def test_every_change_changes_the_digest(fields):
    changed = DEFAULT.with_changes(**fields)
    assert changed.digest != DEFAULT.digest
    assert changed == TrainingRecipe(**fields)


@given(JSON | damaged(DEFAULT.to_dict()))
def test_any_data_is_a_recipe_or_is_refused(data):
    try:
        recipe = TrainingRecipe.from_dict(data)
    except InvalidInput as error:
        checked(error)
    else:
        assert TrainingRecipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objective": "trade"}, "the objective must be one of clean, .*, got 'trade' .did you mean 'trades'"),
        ({"schedule": "linear"}, "the schedule must be one of step, cosine, got 'linear'"),
        ({"attack_start": "normal"}, "the start of the inner attack must be one of gaussian, uniform, got 'normal'"),
        ({"threat": "l2@1/2"}, "the threat of a recipe must be Linf, such as linf@8/255, got 'l2@1/2'"),
        ({"threat": "8"}, "got '8'; write 8/255 if you mean pixel steps"),
        ({"threat": 8}, "the threat of a recipe must be a text, got 8"),
        ({"selection_attack": "pgd"}, "an attack pgd must name its steps"),
        ({"epochs": 0}, "the epochs must be at least 1 and at most 100000, got 0"),
        ({"batch_size": 12.5}, "the batch size must be a whole number, got 12.5"),
        ({"attack_steps": 0}, "the inner attack's steps must be at least 1"),
        ({"crop_padding": -1}, "the crop padding must be at least 0"),
        ({"nesterov": 1}, "nesterov must be true or false, got 1"),
        ({"flip": "yes"}, "flip must be true or false, got 'yes'"),
        ({"beta": -1}, r"the recipe's beta must be a finite number in \[0, 1000000.0\], got -1"),
        ({"beta": 10**400}, "the recipe's beta must be a finite number"),
        ({"learning_rate": float("nan")}, "the recipe's learning_rate must be a finite number in .*, got nan"),
        ({"momentum": 1.5}, "the recipe's momentum must be a finite number in .0, 1.0., got 1.5"),
        ({"milestones": 0.5}, "the milestones must be a list, got 0.5"),
        ({"milestones": (0.9, 0.75)}, r"the milestones must ascend, got \[0.9, 0.75\]"),
        ({"milestones": (75, 90)}, r"a milestone must be a finite number in \[0, 1\], got 75"),
    ],
)
def test_a_setting_outside_its_range_is_refused(fields, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        TrainingRecipe(**fields)
    checked(caught.value)


def test_an_unknown_setting_is_refused():
    assert refusal(TrainingRecipe.from_dict, {"epoch": 3}).startswith(
        "a training recipe has no field 'epoch' (did you mean 'epochs'?); it has objective, threat"
    )
