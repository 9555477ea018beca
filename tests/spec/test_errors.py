import pytest
from hypothesis import given

from rcnas_zoo.spec.errors import (
    Diverged,
    IntegrityError,
    InvalidInput,
    NotFound,
    RcnasError,
    Unavailable,
    did_you_mean,
    shortened,
    unknown_choice,
)

from .strategies import JSON


@pytest.mark.parametrize(
    ("error", "exit_code", "standard"),
    [
        (InvalidInput, 2, ValueError),
        (NotFound, 3, LookupError),
        (IntegrityError, 4, ValueError),
        (Unavailable, 1, RuntimeError),
        (Diverged, 1, Unavailable),
    ],
)
def test_each_error_has_its_exit_code_and_is_a_case_of_a_standard_one(error, exit_code, standard):
    assert error.exit_code == exit_code
    assert issubclass(error, RcnasError)
    assert issubclass(error, standard)


def test_the_nearest_choice_is_offered():
    assert did_you_mean("cifar-10", ["svhn", "cifar10", "digits"]) == " (did you mean 'cifar10'?)"


def test_nothing_is_offered_when_nothing_is_near():
    assert did_you_mean("imagenet", ["svhn", "digits"]) == ""


def test_an_unknown_choice_names_the_set_the_word_and_its_neighbour():
    error = unknown_choice("a fruit", "aple", iter(["apple", "pear"]))
    assert str(error) == "a fruit must be one of apple, pear, got 'aple' (did you mean 'apple'?)"


def test_a_long_value_is_cut():
    assert shortened("x" * 200) == "'" + "x" * 76 + "..."


def test_a_value_of_eighty_characters_is_shown_whole():
    assert shortened("x" * 78) == "'" + "x" * 78 + "'"


@given(JSON)
def test_a_shown_value_is_one_short_line(value):
    text = shortened(value)
    assert len(text) <= 80
    assert len(text.splitlines()) == 1
