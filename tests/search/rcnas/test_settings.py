import pytest

from rcnas_zoo.search.rcnas.settings import FINE_TUNING, RcnasSettings
from rcnas_zoo.spec.errors import InvalidInput


def test_the_temperature_goes_linearly_from_start_to_end_and_stays():
    settings = RcnasSettings(temperature_start=1.0, temperature_end=0.4, temperature_span=30)
    assert [settings.temperature(visits) for visits in (0, 10, 30, 99)] == pytest.approx([1.0, 0.8, 0.4, 0.4])


def test_a_policy_is_fine_tuned_more_slowly_than_a_fresh_one():
    fresh = RcnasSettings()
    assert FINE_TUNING.learning_rate < fresh.learning_rate


def test_leave_one_out_needs_another_network_in_the_update():
    with pytest.raises(InvalidInput, match="leave-one-out must have at least 2 steps, got 1; take ema"):
        RcnasSettings(baseline="leave-one-out")
    assert RcnasSettings(baseline="leave-one-out", steps=2).steps == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"baseline": "mean"}, "the baseline must be one of ema, leave-one-out, none, got 'mean'"),
        ({"stage_mlp": "share"}, r"stage_mlp must be one of .* \(did you mean 'shared'\?\)"),
        ({"lips": "off"}, "lips must be true or false, got 'off'"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"annealing": -1}, "annealing must be at least 0, got -1"),
        ({"tries": 1.5}, "tries must be a whole number, got 1.5"),
        ({"learning_rate": -1e-3}, "learning_rate must be a finite number in"),
        ({"ratio_centre": 1.0}, "ratio_centre must be a finite number in"),
        ({"temperature_end": 0.0}, "temperature_end must be a finite number in"),
        ({"log_std_low": 1.0}, "log_std_low must be at most log_std_high, got 1.0 and 0.5"),
    ],
)
def test_a_value_outside_its_range_is_refused(changes, message):
    with pytest.raises(InvalidInput, match=message):
        RcnasSettings(**changes)
