from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.records import FAILED, SCORED, StudyResult, TrialRecord

small = st.integers(0, 3).map(float)


def record(number, values, end=SCORED):
    return TrialRecord(number, end, {}, tuple(values), {}, {}, "", 0.0)


def result(directions, *values):
    trials = [record(number, value, SCORED if value else FAILED) for number, value in enumerate(values)]
    return StudyResult("bowl", "d" * 64, directions, tuple(trials))


def test_the_best_trial_is_the_first_of_the_best_and_a_failed_one_never():
    found = result(("maximize",), (1,), (), (3,), (3,))
    assert found.best is found.trials[2]
    assert result(("minimize",), (1,), (), (3,)).best.values == (1,)
    assert result(("maximize",), (), ()).best is None


@given(st.lists(st.tuples(small, small)))
def test_the_front_is_what_no_other_trial_beats(values):
    found = result(("maximize", "minimize"), *values)
    expected = [
        number
        for number, (up, down) in enumerate(values)
        if (up, down) not in values[:number]
        and not any(a >= up and b <= down and (a, b) != (up, down) for a, b in values)
    ]
    assert [trial.number for trial in found.front] == expected


@given(st.lists(st.tuples(small)))
def test_with_one_direction_the_front_is_the_best_trial(values):
    found = result(("maximize",), *values)
    assert list(found.front) == ([found.best] if found.best else [])


def test_two_records_are_equal_whatever_their_time():
    assert TrialRecord(0, SCORED, {}, (1.0,), {}, {}, "", 1.0) == TrialRecord(0, SCORED, {}, (1.0,), {}, {}, "", 2.0)
