"""Square Attack: a random search that asks for logits alone (Andriushchenko et al. 2020)."""

from bisect import bisect_left

import torch
from torch import Tensor

from rcnas_zoo.attacks.ball import Ball
from rcnas_zoo.attacks.base import Attack
from rcnas_zoo.attacks.hunt import Hunt, rows
from rcnas_zoo.attacks.losses import negative_margin
from rcnas_zoo.attacks.square_moves import make_moves

FIRST_SHARE = 0.8
HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""Queries after which the share of the image that a square covers is halved: the paper's schedule for 10,000."""
_BLOCK = 500


class Square(Attack):
    """Tries random squares and keeps what raises the negative margin.

    The schedule of the squares is not shrunk to the number of queries, as in AutoAttack. Departure from the authors'
    code: every image has squares of its own, so that its verdict does not depend on the batch.
    """

    def __init__(self, name: str, ball: Ball, queries: int, first_share: float = FIRST_SHARE) -> None:
        super().__init__(name, ball, queries=queries, restarts=1, first_share=first_share, loss="margin")
        self.effort = queries
        self._queries = queries
        self._first_share = first_share

    def run(self, hunt: Hunt, seeds: list[int]) -> None:
        """See `Attack.run`."""
        moves, shape = make_moves(self.ball), hunt.centres.shape[1:]
        streams = [torch.Generator().manual_seed(seed) for seed in seeds]
        points = moves.first(hunt.centres, _uniform(hunt, streams, 1, moves.numbers_at_first(shape))[hunt.numbers, 0])
        best, highest = points, torch.full_like(points[:, 0, 0, 0], -torch.inf)
        for query in range(self._queries):
            if query % _BLOCK == 0:
                numbers = _uniform(hunt, streams, _BLOCK, moves.numbers_a_query(shape))
            logits = hunt.victim.guess(points)
            stands = hunt.strike(points, hunt.wrong(logits))
            if not len(hunt):
                return
            logits, points, best, highest = rows(stands, logits, points, best, highest)
            heights = negative_margin(logits, hunt.labels)
            better = heights > highest
            if better.any():
                best = torch.where(better.view(-1, 1, 1, 1), points, best)
                highest = torch.where(better, heights, highest)
            points = moves.next(
                best, hunt.centres, numbers[hunt.numbers, query % _BLOCK], share_at(query, self._first_share)
            )
        hunt.settle(best)


def _uniform(hunt: Hunt, streams: list[torch.Generator], times: int, each: int) -> Tensor:
    """Numbers in [0, 1) for each image that stands, from its own stream: (N, times, each), zero for the others."""
    numbers = torch.zeros((len(streams), times, each))
    for place in hunt.numbers.tolist():
        numbers[place] = torch.rand((times, each), generator=streams[place])
    return numbers.to(hunt.centres.device)


def share_at(query: int, first_share: float = FIRST_SHARE) -> float:
    """The share of the image that the square of a query covers; queries count from 0."""
    return first_share / 2.0 ** bisect_left(HALVINGS, query)
