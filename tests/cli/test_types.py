from contextlib import suppress
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rcnas_zoo_cli.types import (
    ATTACKS,
    BUDGET,
    CHANGE,
    COUNT,
    DATASET,
    FOLDER,
    NUMBER,
    POSITIVE,
    RADIUS,
    SEEDS,
    SHARE,
    SWITCH,
    TASK,
    TEXT,
    THREAT,
    WORDS,
)

from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel

EVERY = (
    ATTACKS,
    BUDGET,
    COUNT,
    DATASET,
    FOLDER,
    NUMBER,
    POSITIVE,
    RADIUS,
    SEEDS,
    SHARE,
    SWITCH,
    TASK,
    TEXT,
    THREAT,
    WORDS,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ATTACKS, "pgd-20, fgsm", ("pgd-20", "fgsm")),
        (BUDGET, "5g", Budget(5 * 10**9)),
        (CHANGE, "beta=4", ("beta", 4)),
        (CHANGE, "milestones=0.5,0.75", ("milestones", [0.5, 0.75])),
        (CHANGE, "milestones=[0.5]", ("milestones", [0.5])),
        (CHANGE, "flip=False", ("flip", False)),
        (CHANGE, "schedule=one-cycle", ("schedule", "one-cycle")),
        (CHANGE, "x=a,b", ("x", "a,b")),
        (COUNT, "0", 0),
        (DATASET, "npz:/data/mine.npz", "npz:/data/mine.npz"),
        (FOLDER, "a/b", Path("a/b")),
        (NUMBER, "0.01", 0.01),
        (NUMBER, "2", 2.0),
        (POSITIVE, "1", 1),
        (RADIUS, "8/255", ThreatModel.parse("linf@8/255")),
        (SEEDS, "0-3", (0, 1, 2, 3)),
        (SEEDS, "5, 0-1,9", (5, 0, 1, 9)),
        (SEEDS, "7-7", (7,)),
        (SEEDS, "0-99999", tuple(range(100_000))),
        (SHARE, "0.5", 0.5),
        (SWITCH, "on", True),
        (SWITCH, "off", False),
        (TASK, "digits/pgd-20/wrn-16-2/2m", Task.parse("digits/pgd-20/wrn-16-2/2m")),
        (TEXT, " a b ", " a b "),
        (THREAT, "l2@0.5", ThreatModel.parse("l2@1/2")),
        (WORDS, "teacher,,random ", ("teacher", "random")),
    ],
)
def test_a_text_becomes_what_it_means(kind, text, value):
    assert kind.convert(text, None, None) == value


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_an_empty_text_means_not_given(kind):
    assert kind.convert("", None, None) is None
    assert kind.convert("", click.Option(["--it"]), None) is None


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_an_empty_text_is_not_enough_where_something_must_be_given(kind):
    with pytest.raises(click.MissingParameter):
        kind.convert("", click.Argument(["it"]), None)


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_value_that_is_parsed_already_stays(kind):
    value = object()
    assert kind.convert(value, None, None) is value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (COUNT, "-1", "a whole number of at least 0 must be given, got '-1'"),
        (COUNT, "1.5", "a whole number of at least 0 must be given, got '1.5'"),
        (POSITIVE, "0", "a whole number of at least 1 must be given, got '0'"),
        (SHARE, "56", "an accuracy must be a fraction in [0, 1], got '56'"),
        (SHARE, "nan", "an accuracy must be a fraction in [0, 1], got 'nan'"),
        (SEEDS, "9-0", "seeds must be a list or an ascending range, such as 0,1,2 or 0-199, at most 100000 of them"),
        (SEEDS, "1,,2", "seeds must be a list"),
        (SEEDS, "0-100000", "seeds must be a list"),
        (SEEDS, "1,0-99999", "seeds must be a list"),
        (SEEDS, "2147483648", "seeds must be a list"),
        (SEEDS, "-1", "seeds must be a list"),
        (SEEDS, "1-", "seeds must be a list"),
        (SEEDS, "1,0-2", "each seed must be given once, got '1,0-2'"),
        (SWITCH, "true", "a switch must be one of on, off, got 'true'"),
        (RADIUS, "linf@8/255", "the radius of a threat must be a fraction or decimal in (0, 1] such as 8/255"),
        (BUDGET, "5", "a budget must be a number of MACs with a unit"),
    ],
)
def test_a_wrong_text_is_refused_with_the_options_name_before_the_reason(kind, text, message):
    with pytest.raises(InvalidInput) as alone:
        kind.convert(text, None, None)
    assert str(alone.value).startswith(message)
    with pytest.raises(InvalidInput) as named:
        kind.convert(text, click.Option(["-n", "--number"], type=kind), None)
    assert str(named.value) == f"-n: {alone.value}"


@given(st.integers(min_value=0))
def test_every_count_is_read_back(number):
    assert COUNT.convert(str(number), None, None) == number


@given(st.text(min_size=1))
def test_whatever_is_typed_is_read_or_refused(text):
    for kind in EVERY:
        with suppress(InvalidInput):
            kind.convert(text, None, None)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=1, max_size=4))
def test_seeds_are_every_number_of_every_range(ranges):
    text = ",".join(f"{low}-{low + more}" for low, more in ranges)
    wanted = [seed for low, more in ranges for seed in range(low, low + more + 1)]
    if len(set(wanted)) == len(wanted):
        assert SEEDS.convert(text, None, None) == tuple(wanted)
    else:
        with pytest.raises(InvalidInput, match="each seed must be given once"):
            SEEDS.convert(text, None, None)
