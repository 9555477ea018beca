import pytest

from rcnas_zoo.baselines.studies.trial import TrialContext
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.observer import Silent


@pytest.fixture
def kept():
    return {}


@pytest.fixture
def context(kept):
    return TrialContext(3, {2: 0.4, 4: 0.6}, Silent(), None, kept.__setitem__)


def test_a_report_below_the_floor_of_its_step_says_stop_and_it_stays_so(context, kept):
    assert [context.report(step, value) for step, value in [(1, 0.1), (2, 0.4), (3, 0.0), (4, 0.59), (5, 0.9)]] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert context.why_stopped == "0.5900 after step 4, below 0.6000, the median of the trials known"
    assert kept == {1: 0.1, 2: 0.4, 3: 0.0, 4: 0.59, 5: 0.9}


@pytest.mark.parametrize(("step", "value"), [(-1, 0.5), (1.5, 0.5), (1, 1.1), (1, -0.1), (1, float("nan"))])
def test_a_report_that_is_no_accuracy_is_refused_and_not_kept(step, value, context, kept):
    with pytest.raises(InvalidInput):
        context.report(step, value)
    assert kept == {}


def test_who_changes_the_floors_that_he_was_given_changes_them_for_himself_alone(kept):
    floors = {2: 0.4}
    context = TrialContext(0, floors, Silent(), None, kept.__setitem__)
    floors[2] = 0.9
    assert not context.report(2, 0.5)
