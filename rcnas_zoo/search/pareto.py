"""Which of the visited networks no other one beats in both cost and robust accuracy."""

from collections.abc import Mapping
from dataclasses import dataclass

from rcnas_zoo.spec.search import SearchResult, Visit


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
    front: list[Found] = []
    for found in sorted(trained(searches), key=lambda found: (_macs(found), -_accuracy(found))):
        if not front or _accuracy(found) > _accuracy(front[-1]):
            front.append(found)
    return tuple(front)


def _macs(found: Found) -> int:
    return found.visit.outcome.macs


def _accuracy(found: Found) -> float:
    return found.visit.outcome.accuracy
