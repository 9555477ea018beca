"""How long work lasts that several workers share."""

import heapq
from collections.abc import Iterable


def makespan(seconds: Iterable[float], workers: int) -> float:
    """Wall time of jobs that are taken in their order, each by the first worker who is free.

    Args:
        seconds: of each job.
        workers: at least one.
    """
    free = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)
