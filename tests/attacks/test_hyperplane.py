"""The step to a hyperplane, against a linear program, a bisection and what any step must keep."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from rcnas_zoo.attacks.hyperplane import step_to_hyperplane

NORMS = pytest.mark.parametrize("norm", ["linf", "l2"])


def problem(seed, rows=20, columns=12):
    source = torch.Generator().manual_seed(seed)
    points = torch.rand((rows, columns), generator=source, dtype=torch.float64)
    normals = torch.randn((rows, columns), generator=source, dtype=torch.float64)
    normals[torch.rand((rows, columns), generator=source) < 0.2] = 0.0
    gaps = torch.randn(rows, generator=source, dtype=torch.float64)
    return points, normals, gaps


def reach(points, normals, gaps):
    """The most that a step in the box can gain towards the gap."""
    ways = torch.sign(normals) * torch.where(gaps < 0, -1.0, 1.0)[:, None]
    return (normals.abs() * torch.where(ways > 0, 1 - points, points)).sum(1)


@NORMS
@pytest.mark.parametrize("seed", range(5))
def test_the_gap_is_closed_inside_the_box_or_as_far_as_it_goes(norm, seed):
    points, normals, gaps = problem(seed)
    steps = step_to_hyperplane(points, normals, gaps, 0.0, 1.0, norm)
    assert ((points + steps >= -1e-12) & (points + steps <= 1 + 1e-12)).all()
    gained = (normals * steps).sum(1) * torch.where(gaps < 0, -1.0, 1.0)
    assert torch.allclose(gained, torch.minimum(gaps.abs(), reach(points, normals, gaps)), atol=1e-10)
    assert (steps[normals == 0] == 0).all()


def test_in_linf_no_step_is_shorter_by_linear_programming():
    points, normals, gaps = problem(7)
    steps = step_to_hyperplane(points, normals, gaps, 0.0, 1.0, "linf")
    for x, w, gap, step in zip(points, normals, gaps, steps, strict=True):
        if reach(x[None], w[None], gap[None]) < gap.abs():
            continue
        # Variables: the step d and its length t, with -t <= d <= t.
        size = len(x)
        sides = torch.cat([torch.eye(size), -torch.eye(size)]).double()
        found = linprog(
            [0.0] * size + [1.0],
            A_ub=torch.cat([sides, -torch.ones(2 * size, 1)], 1).numpy(),
            b_ub=[0.0] * (2 * size),
            A_eq=[[*w.tolist(), 0.0]],
            b_eq=[gap.item()],
            bounds=[*((-v, 1 - v) for v in x.tolist()), (0, None)],
        )
        assert step.abs().max().item() == pytest.approx(found.fun, abs=1e-9)


def test_in_l2_no_step_is_shorter_by_bisection():
    """The shortest step is the clipped multiple of the normal that closes the gap."""
    points, normals, gaps = problem(8)
    steps = step_to_hyperplane(points, normals, gaps, 0.0, 1.0, "l2")
    low, high = torch.full((20, 1), -1e6).double(), torch.full((20, 1), 1e6).double()
    for _ in range(200):
        middle = (low + high) / 2
        gained = (normals * (middle * normals).clamp(-points, 1 - points)).sum(1, keepdim=True)
        low, high = torch.where(gained < gaps[:, None], middle, low), torch.where(gained < gaps[:, None], high, middle)
    expected = (high * normals).clamp(-points, 1 - points)
    within = reach(points, normals, gaps) > gaps.abs()
    assert within.sum() > 10
    assert torch.allclose(steps[within], expected[within], atol=1e-8)


@NORMS
@given(seed=st.integers(0, 10_000), low=st.floats(-3, 0), span=st.floats(0.1, 5))
def test_a_shifted_and_scaled_box_gives_the_same_step(norm, seed, low, span):
    points, normals, gaps = problem(seed, rows=4)
    unit = step_to_hyperplane(points, normals, gaps, 0.0, 1.0, norm)
    other = step_to_hyperplane(points * span + low, normals, gaps * span, low, low + span, norm)
    assert torch.allclose(other, unit * span, atol=1e-7)


@NORMS
def test_no_gap_and_no_normal_mean_no_step(norm):
    points, normals, _ = problem(1)
    assert (step_to_hyperplane(points, normals, torch.zeros(20).double(), 0.0, 1.0, norm) == 0).all()
    steps = step_to_hyperplane(points, torch.zeros_like(normals), torch.ones(20).double(), 0.0, 1.0, norm)
    assert (steps == 0).all()
