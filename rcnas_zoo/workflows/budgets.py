"""Which budgets make sense for a teacher."""

from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.budget import Budget, format_macs
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec

LARGEST_BUDGET = 2


def smallest_macs(teacher: ResidualSpec) -> int:
    """MACs of the smallest network that a teacher holds."""
    return cost(ResidualSpace(teacher).smallest()).macs


def check_budget(budget: Budget, teacher: ResidualSpec) -> str:
    """A note for the user if the budget does not bind, else an empty text.

    Raises:
        InvalidInput: the budget is above twice the teacher's cost, or below the smallest network's.
    """
    price = cost(teacher).macs
    if budget.macs > LARGEST_BUDGET * price:
        raise InvalidInput(
            f"a budget must be at most twice the teacher's cost of {format_macs(price)} MACs, got {budget}; "
            "take a smaller budget or a larger teacher"
        )
    ResidualSpace(teacher).require_budget(budget.macs)
    if budget.macs >= price:
        return f"the budget {budget} does not bind: the teacher costs {format_macs(price)} MACs"
    return ""
