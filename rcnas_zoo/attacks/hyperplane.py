"""The nearest point of a hyperplane in a box, by Linf or L2 distance."""

import torch
from torch import Tensor

_FLAT = 1e-12


def step_to_hyperplane(points: Tensor, normals: Tensor, gaps: Tensor, low: float, high: float, norm: str) -> Tensor:
    """The shortest steps that close a gap without leaving the box: min |d| with normals . d = gaps, points + d in box.

    The best step moves every coordinate along the sign of ``gap * normal``, by ``min(t * pace, room)``: pace 1 in Linf,
    the size of the normal's entry in L2, and room up to the wall of the box. What that gains on the gap rises with t,
    in straight pieces that end where a coordinate meets its wall; so a few steps of Newton's find t exactly. (The same
    minimum is found by bisection in Croce and Hein 2020, "Minimally distorted adversarial examples".)

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
    # The plane is the same at any scale, but the squares of small entries are nothing in float32.
    largest = normals.abs().amax(1).clamp_min(torch.finfo(normals.dtype).tiny)
    normals, gaps = normals / largest[:, None], gaps / largest
    # Products and signs, for comparisons and choices of whole tensors take torch ten times as long on a processor.
    ways = torch.sign(normals) * torch.where(gaps < 0, -1.0, 1.0)[:, None]
    weights, middle = normals.abs(), (low + high) / 2
    room = ((high - low) / 2 - ways * (points - middle)).clamp_min(0) * ways.abs()
    if norm == "linf":
        time = _time_to_gain(room, weights, gaps.abs())
        return ways * torch.minimum(time[:, None], room)
    time = _time_to_gain(room / weights.clamp_min(_FLAT), weights.square(), gaps.abs())
    return ways * torch.minimum(time[:, None] * weights, room)


def _time_to_gain(ends: Tensor, rates: Tensor, wanted: Tensor) -> Tensor:
    """When the sum of ``rate * min(t, end)`` reaches what is wanted, (N,); the largest number if it never does.

    The sum is concave, so Newton's steps from 0 come nearer from below, and the one on the right piece is the last. A
    sort of the ends would tell the piece at once, but takes longer than ten such steps, and than the network often.
    """
    reached = (rates * ends).sum(1) >= wanted
    time, rate = torch.zeros_like(wanted), torch.full_like(wanted, -1.0)
    for _ in range(ends.shape[1] + 1):
        before, rate = rate, (rates * (ends - time[:, None]).sign().clamp_min(0)).sum(1)
        if not ((rate != before) & reached).any():
            break
        missing = wanted - (rates * torch.minimum(ends, time[:, None])).sum(1)
        time = time + torch.where(rate > 0, missing / rate.clamp_min(_FLAT), 0.0).clamp_min(0)
    return torch.where(reached, time, torch.finfo(time.dtype).max)
