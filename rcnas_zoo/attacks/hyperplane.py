"""The nearest point of a hyperplane in a box, by Linf or L2 distance."""

import torch
from torch import Tensor

_FLAT = 1e-12


def step_to_hyperplane(points: Tensor, normals: Tensor, gaps: Tensor, low: float, high: float, norm: str) -> Tensor:
    """The shortest steps that close a gap without leaving the box: min |d| with normals . d = gaps, points + d in box.

    The best step moves every coordinate along the sign of ``gap * normal``, by ``min(t * pace, room)``: pace 1 in Linf,
    the size of the normal's entry in L2, and room up to the wall of the box. What that gains on the gap rises with t,
    in straight pieces that end where a coordinate meets its wall; so one sort finds t exactly. (The same minimum is
    found by bisection in Croce and Hein 2020, "Minimally distorted adversarial examples".)

    Args:
        points: (N, D) in [low, high].
        normals: (N, D).
        gaps: (N,), what ``normals . d`` must come to.
        low: lowest value of a coordinate.
        high: highest value.
        norm: ``linf`` or ``l2``.

    Returns:
        (N, D). Where the box holds no point of the hyperplane, the step goes as far as it can.
    """
    ways = torch.sign(normals) * torch.where(gaps < 0, -1.0, 1.0)[:, None]
    weights = normals.abs()
    room = torch.where(ways > 0, high - points, points - low).clamp_min(0) * (weights > 0)
    pace = (weights > 0).to(points.dtype) if norm == "linf" else weights
    times = room / pace.clamp_min(_FLAT)
    time = _time_to_gain(times, weights * pace, gaps.abs())
    return ways * torch.minimum(time[:, None] * pace, room)


def _time_to_gain(ends: Tensor, rates: Tensor, wanted: Tensor) -> Tensor:
    """When the sum of ``rate * min(t, end)`` reaches what is wanted, (N,); the largest number if it never does."""
    ends, order = ends.sort(1)
    rates = rates.gather(1, order)
    # In the piece before the k-th end, all the coordinates from k on still move.
    moving = rates.flip(1).cumsum(1).flip(1)
    lengths = torch.diff(ends, dim=1, prepend=torch.zeros_like(ends[:, :1]))
    gained = (moving * lengths).cumsum(1)
    piece = torch.searchsorted(gained, wanted[:, None]).clamp_max(ends.shape[1] - 1)
    at_end = gained.gather(1, piece)
    rate = moving.gather(1, piece)
    time = ends.gather(1, piece) - (at_end - wanted[:, None]) / rate.clamp_min(_FLAT)
    reached = wanted[:, None] <= at_end
    return torch.where(reached, time.clamp_min(0), torch.finfo(time.dtype).max)[:, 0]
