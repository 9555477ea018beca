"""How to get a network that nobody has published yet."""

from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.errors import InvalidInput

PREFIX = "robust-"

# The teacher whose cost is nearest above the budget, in MACs: WRN-16-2 on digits, then the paper's four (table 1).
_TASKS = (
    (10_000_000, "digits/pgd-20/wrn-16-2"),
    (5_000_000_000, "cifar10/autoattack/wrn-28-10"),
    (10_000_000_000, "cifar10/autoattack/wrn-34-12"),
    (20_000_000_000, "cifar10/autoattack/wrn-46-14"),
    (40_000_000_000, "cifar10/autoattack/wrn-70-16"),
)


def how_to_get(name: str, in_catalogue: bool) -> str:
    """The command that makes the weights of a name, and the one that pulls its architecture if that is shipped."""
    budget = _budget(name)
    if budget is not None:
        make = f"rcnas-zoo finetune {_task(budget)}/{budget}"
    else:
        make = f"rcnas-zoo train {name} --dataset cifar10 --to {name}" if in_catalogue else "rcnas-zoo list"
    verb = "train it" if budget is not None or in_catalogue else "see what there is"
    alone = f", or pull the architecture alone: rcnas-zoo pull {name} --architecture" if in_catalogue else ""
    return f"{verb}: {make}{alone}"


def _budget(name: str) -> Budget | None:
    """The budget in ``robust-<budget>``, or None."""
    if not name.startswith(PREFIX):
        return None
    try:
        return Budget.parse(name.removeprefix(PREFIX))
    except InvalidInput:
        return None


def _task(budget: Budget) -> str:
    return next((task for macs, task in _TASKS if budget.macs <= macs), _TASKS[-1][1])
