import json
import math
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.canonical import (
    MAX_NESTING,
    canonical_json,
    check_choice,
    check_fields,
    check_flag,
    check_integer,
    check_list,
    check_mapping,
    check_number,
    check_text,
    dataclass_fields,
    digest,
    parse_object,
)
from rcnas_zoo.spec.errors import InvalidInput

from .refusals import checked, refusal
from .strategies import JSON, OBJECTS


def nested(levels):
    return '{"a":' * levels + "1" + "}" * levels


def test_keys_are_sorted_and_nothing_is_wasted():
    value = {"b": 1.5, "a": [True, None, "é"], "c": {"z": -1, "y": ""}}
    assert canonical_json(value) == r'{"a":[true,null,"\u00e9"],"b":1.5,"c":{"y":"","z":-1}}'


def test_the_digest_of_the_empty_object_is_the_published_sha256_of_two_braces():
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_the_digest_is_the_sha256_of_the_canonical_text():
    assert digest({"b": [1], "a": "x"}) == sha256(b'{"a":"x","b":[1]}').hexdigest()


@given(OBJECTS, st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_the_keys(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(value)


@given(OBJECTS)
def test_what_is_written_reads_back_equal(value):
    assert parse_object(canonical_json(value), "it") == value


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": -math.inf}, {1, 2}, b"x", {1: 0, "1": 0}])
def test_what_json_cannot_say_is_refused(value):
    assert refusal(canonical_json, value).startswith("a value must be plain finite JSON data: ")


def test_a_value_that_holds_itself_is_refused():
    value = []
    value.append(value)
    assert "Circular reference" in refusal(canonical_json, value)


def test_a_value_too_deep_to_be_written_is_refused():
    value = []
    for _ in range(100_000):
        value = [value]
    assert "recursion" in refusal(canonical_json, value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value: line 1 column 1"),
        ("{'a': 1}", "Expecting property name"),
        ('{"a": NaN}', "'NaN' is not a finite number"),
        ('{"a": -Infinity}', "'-Infinity' is not a finite number"),
        ('{"a": [1e400]}', "'1e400' is not a finite number"),
        ('{"a": 1, "b": 2, "a": 3}', "field 'a' stands twice"),
        ('{"a": {"b\\n": 2, "b\\n": 2}}', r"field 'b\\n' stands twice"),
        ("[" * 100_000, "recursion"),
        ("9" * 5000, "integer string conversion"),
        (nested(MAX_NESTING + 1), f"it nests deeper than {MAX_NESTING} levels"),
        ("[1]", r", got \[1\]"),
        ("null", ", got None"),
    ],
)
def test_a_text_that_is_no_strict_json_object_is_refused(text, reason):
    with pytest.raises(InvalidInput, match=rf"^a thing must be a JSON object.*{reason}") as caught:
        parse_object(text, "a thing")
    checked(caught.value)


def test_the_deepest_nesting_allowed_is_read():
    assert canonical_json(parse_object(nested(MAX_NESTING), "a thing")) == nested(MAX_NESTING)


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(parse_object(text, "a thing"), dict)
    except InvalidInput as error:
        checked(error)


def test_fields_are_checked_for_presence_and_knownness():
    assert check_fields({"a": 1, "c": 2}, "a thing", ["a"], ["b", "c"]) == {"a": 1, "c": 2}
    assert refusal(check_fields, {"a": 1, "widht": 2}, "a thing", ["a", "width"]) == (
        "a thing has no field 'widht' (did you mean 'width'?); it has a, width"
    )
    assert refusal(check_fields, {"b": 1}, "a thing", ["a"], ["b"]) == "a thing must have the field 'a', got ['b']"


def test_fields_of_a_dataclass_with_a_default_may_be_absent():
    @dataclass
    class Thing:
        size: int
        colour: str = "red"
        parts: list[int] = field(default_factory=list)

    assert dataclass_fields(Thing, {"size": 1}, "a thing") == {"size": 1}
    assert "must have the field 'size', got ['colour', 'parts']" in refusal(
        dataclass_fields, Thing, {"colour": "blue", "parts": []}, "a thing"
    )


@pytest.mark.parametrize(
    ("check", "arguments", "message"),
    [
        (check_integer, (1.0, 0), "it must be a whole number, got 1.0"),
        (check_integer, (True, 0), "it must be a whole number, got True"),
        (check_integer, ("1", 0), "it must be a whole number, got '1'"),
        (check_integer, (-1, 0), "it must be at least 0, got -1"),
        (check_integer, (7, 0, 6), "it must be at least 0 and at most 6, got 7"),
        (check_number, (False, 0), "it must be a number, got False"),
        (check_number, ("0.5", 0), "it must be a number, got '0.5'"),
        (check_number, (math.nan, 0, 1), "it must be a finite number in [0, 1], got nan"),
        (check_number, (math.inf, 0), "it must be a finite number in [0, inf], got inf"),
        (check_number, (1.5, 0, 1), "it must be a finite number in [0, 1], got 1.5"),
        (check_text, (1,), "it must be a text, got 1"),
        (check_flag, (1,), "it must be true or false, got 1"),
        (check_choice, ("rd", ["red", "blue"]), "it must be one of red, blue, got 'rd' (did you mean 'red'?)"),
        (check_choice, (["red"], ["red"]), "it must be one of red, got ['red']"),
        (check_list, ("ab",), "it must be a list, got 'ab'"),
        (check_list, ([1], 2), "it must have 2 elements, got [1]"),
        (check_mapping, ([],), "it must be a JSON object, got []"),
    ],
)
def test_a_value_that_fails_a_check_is_named(check, arguments, message):
    assert refusal(check, "it", *arguments).startswith(message)


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_whole_number_beyond_the_floats_is_no_number(value):
    assert "must be a finite number" in refusal(check_number, "it", value, -1e9)


def test_the_ends_of_a_range_belong_to_it():
    assert [check_integer("it", end, 1, 3) for end in (1, 3)] == [1, 3]
    assert [check_number("it", end, 0, 1) for end in (0, 1)] == [0.0, 1.0]


def test_a_number_becomes_a_float_and_loses_the_sign_of_zero():
    assert repr(check_number("it", 3, 0)) == "3.0"
    assert repr(check_number("it", -0.0, 0)) == "0.0"


def test_checked_lists_are_copies():
    given_list = [1, 2]
    assert check_list("it", given_list) == given_list
    assert check_list("it", given_list) is not given_list
