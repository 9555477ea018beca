from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.plan import StudyPlan
from rcnas_zoo.spec.errors import InvalidInput

PLAN = StudyPlan("bowl", {"task": "digits", "settings": {"epochs": 3}}, 8, cache=Path("/cache"))

OTHERS = {
    "name": "other",
    "decides": {"task": "digits", "settings": {"epochs": 4}},
    "seed": 1,
    "sampler": "random",
    "directions": ("maximize", "minimize"),
    "together": 1,
    "steps": 8,
}


@pytest.mark.parametrize(("field", "value"), OTHERS.items())
def test_whatever_decides_the_result_is_in_the_digest(field, value):
    assert replace(PLAN, **{field: value}).digest != PLAN.digest


@pytest.mark.parametrize("change", [{"trials": 9}, {"storage": "sqlite:///x.db"}, {"cache": Path("/other")}])
def test_more_trials_or_another_place_make_no_other_study(change):
    assert replace(PLAN, **change).digest == PLAN.digest


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "must be a line of 1 to 200 characters, got ''"),
        ({"name": "a\nb"}, "must be a line"),
        ({"trials": 0}, "number of trials must be at least 1"),
        ({"seed": -1}, "seed of a study must be at least 0"),
        ({"sampler": "tpee"}, r"did you mean 'tpe'\?"),
        ({"directions": ()}, "must have a direction"),
        ({"directions": ("up",)}, "direction of a study must be one of maximize, minimize"),
        ({"together": 0}, "trials at once must be at least 1"),
        ({"steps": -1}, "steps of a trial must be at least 0"),
        ({"decides": {"x": float("nan")}}, "plain finite JSON"),
        ({"decides": [1]}, "what decides a study must be a JSON object"),
        ({"storage": "studies.db"}, "must be a database's URL"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(InvalidInput, match=message):
        replace(PLAN, **change)


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.none()), max_size=3))
def test_any_plain_data_can_decide(decides):
    plan = replace(PLAN, decides=decides)
    assert plan.digest == replace(PLAN, decides=dict(reversed(decides.items()))).digest
    assert (plan.digest == PLAN.digest) == (decides == PLAN.decides)
