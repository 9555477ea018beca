import pytest

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.workflows.budgets import check_budget, smallest_macs

TEACHER = named_spec("wrn-10-1", InputSpec((1, 8, 8)))
PRICE = cost(TEACHER).macs


def test_a_budget_below_the_teachers_cost_binds():
    assert check_budget(Budget(PRICE - 1), TEACHER) == ""
    assert check_budget(Budget(smallest_macs(TEACHER)), TEACHER) == ""


@pytest.mark.parametrize("macs", [PRICE, PRICE + 1, 2 * PRICE])
def test_a_budget_from_the_teachers_cost_on_does_not_bind_and_says_so(macs):
    note = check_budget(Budget(macs), TEACHER)
    assert note == f"the budget {Budget(macs)} does not bind: the teacher costs 763.52 K MACs"


def test_a_budget_above_twice_the_teachers_cost_is_refused():
    with pytest.raises(InvalidInput, match=r"at most twice the teacher's cost of 763.52 K MACs, got 1527.041k; take"):
        check_budget(Budget(2 * PRICE + 1), TEACHER)


def test_a_budget_below_the_smallest_network_is_refused():
    with pytest.raises(InvalidInput, match=r"at least the 122.61 K MACs .* got 122.61 K \(122607\)"):
        check_budget(Budget(smallest_macs(TEACHER) - 1), TEACHER)


def test_the_papers_largest_budget_is_legal_for_its_teacher():
    assert "does not bind: the teacher costs 9.58 G MACs" in check_budget(Budget.parse("10g"), named_spec("wrn-34-12"))
