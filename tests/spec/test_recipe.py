import json

import pytest
from hypothesis import given

from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.recipe import TrainingRecipe

from .refusals import checked, refusal
from .strategies import JSON, RECIPES, damaged

DEFAULT = TrainingRecipe()
# What came after the first release, with a value that is not the default.
LATER = {
    "inner_attack": "apgd-ce",
    "attack_mode": "train",
    "bn_statistics": "twice",
    "weight_perturbation": 0.005,
    "perturbation_start": 0.5,
    "weight_average": 0.995,
    "label_smoothing": 0.1,
    "warmup": 0.025,
    "cutout": 8,
    "precision": "bfloat16",
}


def test_the_digest_of_the_default_recipe_never_changes():
    assert DEFAULT.digest == "9edcbcfce7a61da5b480f2cebda22997fcbe73bd7b089019a35d25bd23b0488f"


def test_the_default_is_the_published_trades_setting():
    assert (DEFAULT.objective, DEFAULT.beta, DEFAULT.attack_steps, DEFAULT.epochs) == ("trades", 6.0, 10, 100)
    assert (DEFAULT.batch_size, DEFAULT.learning_rate, DEFAULT.momentum) == (128, 0.1, 0.9)


def test_what_was_added_later_is_written_only_where_it_is_used():
    assert not LATER.keys() & DEFAULT.to_dict().keys()
    defaults = {name: getattr(DEFAULT, name) for name in LATER}
    assert TrainingRecipe.from_dict({**DEFAULT.to_dict(), **defaults}).digest == DEFAULT.digest
    assert TrainingRecipe(**LATER).to_dict() == {**DEFAULT.to_dict(), **LATER}


@pytest.mark.parametrize("name", LATER)
def test_each_later_setting_that_is_used_changes_the_digest(name):
    changed = DEFAULT.with_changes(**{name: LATER[name]})
    assert changed.to_dict() == {**DEFAULT.to_dict(), name: LATER[name]}
    assert changed.digest != DEFAULT.digest


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


@given(JSON | damaged(TrainingRecipe(**LATER).to_dict()))
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
        ({"schedule": "linear"}, "the schedule must be one of step, cosine, one-cycle, sgdr, got 'linear'"),
        ({"attack_start": "normal"}, "start of the inner attack must be one of gaussian, uniform, noise, got 'normal'"),
        ({"attack_mode": "Train"}, "the attack mode must be one of eval, train, got 'Train' .did you mean 'train'"),
        ({"bn_statistics": "once"}, "statistics of batch normalisation must be one of shared, twice, adversarial, got"),
        ({"precision": "float16"}, "the precision must be one of float32, bfloat16, got 'float16'"),
        ({"inner_attack": "pgd-10"}, "the inner attack must be one of pgd-kl, pgd-ce, apgd-ce, got 'pgd-10'"),
        ({"inner_attack": "autoattack"}, "got 'autoattack': it takes about 6,000 passes an image, and half of it"),
        ({"inner_attack": "autoattack"}, "maximises no training loss; measure with it afterwards"),
        ({"objective": "fast"}, "the objective fast must make 1 attack step, got 10; use sat for more"),
        ({"weight_perturbation": 1.1}, r"the recipe's weight_perturbation must be a finite number in \[0, 1.0\], got"),
        ({"perturbation_start": -0.1}, "the recipe's perturbation_start must be a finite number"),
        ({"weight_average": 1}, "the recipe's weight_average must be a finite number in .0, 0.999999., got 1"),
        ({"label_smoothing": 1}, "the recipe's label_smoothing must be a finite number in .0, 0.999., got 1"),
        ({"warmup": 1}, "the recipe's warmup must be a finite number in .0, 0.9., got 1"),
        ({"cutout": 2.5}, "the cutout must be a whole number, got 2.5"),
        ({"cutout": 1025}, "the cutout must be at least 0 and at most 1024, got 1025"),
        ({"threat": "l2@1/2"}, "the threat of a recipe must be Linf, such as linf@8/255, got 'l2@1/2'"),
        ({"threat": "8"}, "got '8'; write 8/255 if you mean pixel steps"),
        ({"threat": 8}, "the threat of a recipe must be a text, got 8"),
        ({"selection_attack": "pgd"}, "an attack pgd must name its steps"),
        ({"epochs": 0}, "the epochs must be at least 1 and at most 100000, got 0"),
        ({"batch_size": 12.5}, "the batch size must be a whole number, got 12.5"),
        (
            {"attack_start": "noise"},
            "the start noise leaves the ball and must be followed by 1 step of PGD",
        ),
        ({"attack_start": "noise", "attack_steps": 1, "inner_attack": "apgd-ce"}, "the start noise leaves the ball"),
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
