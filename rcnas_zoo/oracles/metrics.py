"""How good a search was: its simple regret after every query, and the queries until it had a good network."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rcnas_zoo.oracles.landscape import Landscape
from rcnas_zoo.spec.search import Visit


@dataclass(frozen=True)
class Run:
    """One search.

    Attributes:
        regrets: simple regret of the incumbent after each query.
        to_95: the first query whose reward is at or above the 95th percentile; one more than the queries if none is.
    """

    regrets: tuple[float, ...]
    to_95: int


def run_of(visits: Sequence[Visit], found: Landscape) -> Run:
    """What a search came to. A network that was visited before counts as a query again."""
    rewards = [visit.outcome.reward if visit.outcome.status == "trained" else None for visit in visits]
    return Run(tuple(regret_curve(rewards, found)), queries_to(rewards, found.high))


def regret_curve(rewards: Sequence[float | None], found: Landscape) -> list[float]:
    """The simple regret of the best reward so far, after each query.

    Args:
        rewards: of the visited networks in order; None for one over the budget. Until one within it is visited, the
            incumbent is the worst of those that there are.
        found: the task's landscape.
    """
    known = (found.worst if reward is None else reward for reward in rewards)
    return [found.regret(best) for best in accumulate(known, max)]


def queries_to(rewards: Sequence[float | None], threshold: float) -> int:
    """The first query, from 1, whose reward is at least the threshold; one more than the queries if none is."""
    for number, reward in enumerate(rewards, start=1):
        if reward is not None and reward >= threshold:
            return number
    return len(rewards) + 1
