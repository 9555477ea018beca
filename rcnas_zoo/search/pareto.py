"""What no other beats in all that counts; of visited networks, in both cost and robust accuracy."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from rcnas_zoo.spec.search import SearchResult, Visit

_Item = TypeVar("_Item")
_Worth = tuple[float, ...]


@dataclass(frozen=True)
class Found:
    """A visited network and the name of the search that visited it."""

    method: str
    visit: Visit


def trained(searches: Mapping[str, SearchResult]) -> list[Found]:
    """What the searches visited and trained to the end, in their order."""
    visits = [Found(method, visit) for method, result in searches.items() for visit in result.visits]
    return [found for found in visits if found.visit.outcome.status == "trained"]


def pareto_front(searches: Mapping[str, SearchResult]) -> tuple[Found, ...]:
    """The trained networks that none other beats in both MACs and robust accuracy, from the cheapest to the best.

    Of several with the same MACs and accuracy the first one visited stands for all.
    """
    front = unbeaten(trained(searches), lambda found: (-found.visit.outcome.macs, found.visit.outcome.accuracy))
    return tuple(sorted(front, key=lambda found: found.visit.outcome.macs))


def unbeaten(items: Iterable[_Item], worth: Callable[[_Item], _Worth]) -> list[_Item]:
    """The Pareto front: the items that no other beats in one number without losing in another, in their order.

    Of several with the same numbers the first stands for all.

    Args:
        items: what is compared.
        worth: an item's numbers, as many of each; more is better.
    """
    kept: dict[_Worth, _Item] = {}
    for item in items:
        kept.setdefault(worth(item), item)
    return [item for own, item in kept.items() if not any(_beats(other, own) for other in kept)]


def _beats(one: _Worth, other: _Worth) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
