import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.spec.budget import Budget, format_macs
from rcnas_zoo.spec.errors import InvalidInput

from .refusals import checked, refusal
from .strategies import BUDGETS


@pytest.mark.parametrize(
    ("text", "macs"),
    [
        ("5g", 5_000_000_000),
        ("2500m", 2_500_000_000),
        ("1.5k", 1500),
        ("0.001k", 1),
        (" 10G ", 10_000_000_000),
        ("0.999999999g", 999_999_999),
    ],
)
def test_a_budget_is_read_with_its_unit(text, macs):
    assert Budget.parse(text) == Budget(macs)


@pytest.mark.parametrize(
    ("macs", "text"),
    [(5 * 10**9, "5g"), (2_500_000_000, "2500m"), (1500, "1.5k"), (1, "0.001k"), (10**18, "1000000000g")],
)
def test_a_budget_is_written_in_the_largest_unit_that_divides_it(macs, text):
    assert str(Budget(macs)) == text


@given(BUDGETS)
def test_a_budget_written_out_reads_back_equal(budget):
    assert Budget.parse(str(budget)) == budget


@pytest.mark.parametrize(
    "text", ["5", "5000000000", "", "g", "-5g", "5 g", "5t", "1e3m", ".5g", "5.g", "5\u212a", "\u0665g", "5g\n5g"]
)
def test_a_budget_without_number_and_unit_is_refused(text):
    message = refusal(Budget.parse, text)
    assert message == f"a budget must be a number of MACs with a unit, such as 5g, 800m or 500k, got {text!r}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0g", "a budget must be at least 1 and at most 1000000000000000000, got 0"),
        ("1000000001g", "a budget must be at least 1 and at most .*, got 1000000001000000000"),
        ("0.0001k", "a budget must be a whole number of MACs, got '0.0001k'"),
    ],
)
def test_a_budget_outside_its_range_is_refused(text, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        Budget.parse(text)
    checked(caught.value)


@pytest.mark.parametrize("macs", [True, 1.0, "5", None])
def test_a_count_that_is_no_whole_number_is_refused(macs):
    assert "a budget must be a whole number" in refusal(Budget, macs)


def test_budgets_are_ordered_by_their_macs():
    assert Budget.parse("999m") < Budget.parse("1g") < Budget.parse("1.1g")


@given(st.from_regex(r"[0-9.]{1,30}[kmgKMG]?", fullmatch=True) | st.text())
def test_any_text_is_a_budget_or_is_refused(text):
    try:
        assert Budget.parse(text).macs >= 1
    except InvalidInput as error:
        checked(error)


@pytest.mark.parametrize(
    ("macs", "text"), [(5_243_284_480, "5.24 G"), (1_970_000, "1.97 M"), (1000, "1.00 K"), (999, "999")]
)
def test_macs_are_shown_with_three_digits(macs, text):
    assert format_macs(macs) == text
