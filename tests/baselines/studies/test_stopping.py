from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.baselines.studies.stopping import floors

curves = st.lists(st.dictionaries(st.integers(1, 8), st.floats(0.01, 1), max_size=8), max_size=12)


@given(curves)
def test_the_floors_are_the_medians_of_what_four_trials_reported_at_a_quarter_and_a_half(known):
    expected = {}
    for step in (2, 4):
        found = [curve[step] for curve in known if step in curve]
        expected[step] = median(found) if len(found) >= 4 else 0
    assert floors(8, known) == expected


def test_a_study_without_steps_stops_nothing():
    assert floors(0, [{1: 0.5}] * 8) == {}
