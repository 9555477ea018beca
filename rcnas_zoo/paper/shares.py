"""How small the networks of RC-NAS are beside their teachers, by what the paper prints of both."""

from rcnas_zoo.paper.catalogue import load_table
from rcnas_zoo.spec.errors import InvalidInput

_WITH_SIZES = ("table-1", "table-5")
"""Of them all, these print parameters."""


def searched_share(budget: str, dataset: str) -> float:
    """Share of its teacher's parameters that the network of RC-NAS has, as they are printed, in (0, 1).

    Args:
        budget: the group of the rows, such as ``5g``.
        dataset: what the rows claim something of.

    Raises:
        InvalidInput: no table has the sizes of both.
    """
    for name in _WITH_SIZES:
        group = [row for row in load_table(name).rows if row.budget == budget and dataset in row.claims]
        sizes = {row.method: row.parameters.value for row in group if row.parameters}
        if "rc-nas" in sizes and "teacher" in sizes:
            return sizes["rc-nas"] / sizes["teacher"]
    raise InvalidInput(
        f"the budget and data set of a share must be those of RC-NAS in {' or '.join(_WITH_SIZES)}, got {budget} on "
        f"{dataset}; take such as 5g on cifar10"
    )
