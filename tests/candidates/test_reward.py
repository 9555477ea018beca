from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.candidates.reward import RewardSettings, accuracy_ratio, annealing, compression, reward, untied
from rcnas_zoo.networks.named import teacher_spec
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.search import SearchProblem, TeacherFacts
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel


def problem(accuracy: float = 0.5, samples: int = 256) -> SearchProblem:
    task = Task.parse("digits/pgd-20/wrn-16-2/2m")
    spec = teacher_spec(task.teacher, InputSpec((1, 8, 8)), 10)
    facts = TeacherFacts(spec, parameters=1_000_000, macs=8_000_000, accuracy=accuracy, lips=(0.0,) * 7)
    return SearchProblem(task, ThreatModel.parse("linf@1/5"), facts, samples)


def test_a_student_of_half_the_parameters_and_equal_accuracy_earns_three_quarters():
    assert reward(0.5, 500_000, 2_000_000, problem()) == pytest.approx(0.75)


def test_the_reward_of_the_papers_own_five_giga_student():
    share = compression(18_800_000, 36_500_000)
    assert share == pytest.approx(0.485, abs=1e-3)
    assert share * (2 - share) == pytest.approx(0.735, abs=1e-3)


def test_compression_can_count_macs_instead_of_parameters():
    settings = RewardSettings(c_metric="macs")
    assert reward(0.5, 1_000_000, 2_000_000, problem(), settings) == pytest.approx(0.75 * 1.25)
    assert reward(0.5, 1_000_000, 2_000_000, problem()) == 0


def test_a_student_larger_than_its_teacher_earns_a_bounded_negative_reward():
    assert compression(1_500_000, 1_000_000) == -0.5
    assert compression(9_000_000, 1_000_000) == -1
    assert reward(0.5, 9_000_000, 1_000_000, problem()) == -3


def test_the_accuracy_of_a_weak_teacher_is_floored_and_the_ratio_capped():
    assert accuracy_ratio(0.04, problem(accuracy=0.0)) == pytest.approx(0.04 / 0.05)
    assert accuracy_ratio(0.04, problem(accuracy=0.0, samples=10)) == pytest.approx(0.4)
    assert accuracy_ratio(0.9, problem(accuracy=0.01)) == 2


def test_over_the_budget_the_penalty_anneals_from_the_plain_reward_to_minus_one():
    over = (0.5, 500_000, 4_000_000, problem(), RewardSettings())
    assert reward(*over, epsilon=1.0) == pytest.approx(0.75)
    assert reward(*over, epsilon=0.4) == pytest.approx(0.4 * 1.75 - 1)
    assert reward(*over) == -1


def test_a_network_that_was_never_trained_earns_minus_one_over_the_budget():
    assert reward(0.0, 500_000, 2_000_001, problem()) == -1
    assert reward(0.0, 500_000, 2_000_000, problem()) == 0


def test_the_slope_tells_violators_apart():
    settings = RewardSettings(violation_slope=True)
    assert reward(0.0, 1, 3_000_000, problem(), settings) == pytest.approx(-1.5)
    assert reward(0.0, 1, 6_000_000, problem(), settings) == pytest.approx(-3)
    assert reward(0.5, 500_000, 2_000_000, problem(), settings) == pytest.approx(0.75)


@pytest.mark.parametrize(("iteration", "epsilon"), [(0, 1), (3, 0.4096), (10, 1 / 81), (15, 0), (16, 0), (60, 0)])
def test_annealing_is_that_of_n2n_and_never_rises_again(iteration, epsilon):
    assert annealing(iteration, 15) == pytest.approx(epsilon)


def test_annealing_that_is_off_is_zero_from_the_start():
    assert annealing(0, 0) == 0


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 10**9), st.integers(1, 2_000_000))
def test_within_the_budget_more_accuracy_helps_smaller_students_and_rewards_are_bounded(low, high, parameters, macs):
    low, high = sorted((low, high))
    worse, better = (reward(accuracy, parameters, macs, problem()) for accuracy in (low, high))
    assert -6 <= worse <= 2
    assert worse <= better if parameters <= 1_000_000 else worse >= better


@given(st.floats(0, 1), st.integers(1, 10**9))
def test_with_the_annealing_over_no_violator_beats_a_useful_network(accuracy, parameters):
    useful = reward(0.01, 999_999, 2_000_000, problem())
    assert reward(accuracy, parameters, 2_000_001, problem()) < useful


def test_an_unknown_metric_is_refused_with_its_neighbour():
    with pytest.raises(InvalidInput, match=r"metric of the compression C must be one of parameters, macs, got 'mac'"):
        replace(RewardSettings(), c_metric="mac")


def test_the_slope_must_be_a_flag():
    with pytest.raises(InvalidInput, match="slope of violations must be true or false, got 1"):
        RewardSettings(violation_slope=1)


def test_the_margin_adds_its_share_of_a_quarter_of_an_image():
    assert untied(0.5, 1.0, problem(samples=256)) == 0.5 + 1 / 1024
    assert untied(0.5, -0.5, problem(samples=256)) == 0.5 - 1 / 2048
    plain, better = (reward(0.5, 500_000, 2_000_000, problem(), margin=margin) for margin in (0.0, 0.8))
    assert better - plain == pytest.approx(0.75 * 0.8 / 1024 / 0.5)


@given(st.integers(1, 1024), st.data())
def test_a_margin_decides_between_equals_and_never_outweighs_an_image(samples, data):
    right = data.draw(st.integers(0, samples - 1))
    low, high = sorted(data.draw(st.lists(st.floats(-1, 1), min_size=2, max_size=2)))
    asked = problem(accuracy=1.0, samples=samples)

    def worth(right, margin):
        return reward(right / samples, 500_000, 2_000_000, asked, margin=margin)

    assert worth(right, low) <= worth(right, high) < worth(right + 1, low)
    assert high - low < 1e-6 or worth(right, low) < worth(right, high)


def test_without_the_tie_break_the_margin_changes_nothing():
    off = RewardSettings(tie_break=False)
    assert reward(0.5, 500_000, 2_000_000, problem(), off, margin=1.0) == 0.75


def test_the_accuracy_form_is_the_ratio_alone_and_pays_nothing_for_smallness():
    settings = RewardSettings(form="accuracy")
    small, large = (reward(0.4, size, 2_000_000, problem(), settings) for size in (1_000, 2_000_000))
    assert small == large == pytest.approx(0.8)


def test_over_the_budget_both_forms_pay_the_same_penalty():
    over = (0.5, 500_000, 4_000_000, problem())
    assert reward(*over, RewardSettings(form="accuracy")) == reward(*over) == -1
    assert reward(*over, RewardSettings(form="accuracy"), epsilon=0.4) == pytest.approx(0.4 * 2 - 1)
    sloped = RewardSettings(form="accuracy", violation_slope=True)
    assert reward(*over, sloped) == pytest.approx(-2)


def test_an_unknown_form_is_refused_and_the_tie_break_must_be_a_flag():
    with pytest.raises(InvalidInput, match="form of the reward must be one of compression, accuracy, got 'accurate'"):
        RewardSettings(form="accurate")
    with pytest.raises(InvalidInput, match="breaking of ties must be true or false, got 'on'"):
        RewardSettings(tie_break="on")
