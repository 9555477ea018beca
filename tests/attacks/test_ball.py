from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.attacks.ball import L2Ball, LinfBall, make_ball
from rcnas_zoo.spec.threat import ThreatModel

LINF = LinfBall(ThreatModel("linf", Fraction(1, 10)))
L2 = L2Ball(ThreatModel("l2", Fraction(1, 2)))
BALLS = pytest.mark.parametrize("ball", [LINF, L2], ids=["linf", "l2"])


def images(count=50, seed=0):
    return torch.rand((count, 1, 3, 3), generator=torch.Generator().manual_seed(seed))


def test_a_threat_gives_the_ball_of_its_norm():
    assert isinstance(make_ball(ThreatModel.parse("linf@8/255"), 0, 1), LinfBall)
    assert isinstance(make_ball(ThreatModel.parse("l2@0.5"), 0, 1), L2Ball)


def test_the_radius_is_a_share_of_the_value_range():
    ball = make_ball(ThreatModel.parse("linf@1/10"), -1.0, 3.0)
    assert ball.radius == pytest.approx(0.4)
    assert ball.settings == {"threat": "linf@1/10", "range": [-1.0, 3.0]}


@BALLS
def test_a_random_start_is_inside_and_not_the_image(ball):
    centres = images()
    start = ball.random_start(centres, range(50))
    assert ball.excess(start, centres) < 1e-7
    assert (ball.distance(start, centres) > 0).all()


@BALLS
def test_a_random_start_depends_on_the_seed_of_the_image_alone(ball):
    centres = images()
    whole = ball.random_start(centres, range(50))
    parts = [ball.random_start(centres[i : i + 7], range(50)[i : i + 7]) for i in range(0, 50, 7)]
    assert torch.equal(torch.cat(parts), whole)
    assert not torch.equal(ball.random_start(centres[:1], [50]), whole[:1])


def test_linf_noise_has_the_moments_of_the_uniform_law():
    noise = LINF.noise((200, 100), torch.Generator().manual_seed(0))
    assert noise.abs().max() <= 0.1
    assert noise.mean() == pytest.approx(0, abs=0.002)
    assert noise.var() == pytest.approx(0.1**2 / 3, rel=0.02)


def test_l2_noise_fills_the_ball_evenly():
    # In d dimensions the ball of 2^(-1/d) times the radius has half of the volume.
    generator = torch.Generator().manual_seed(0)
    lengths = torch.stack([L2.noise((1, 2, 2), generator).norm() for _ in range(4000)])
    assert lengths.max() <= 0.5
    assert (lengths < 0.5 * 2 ** (-1 / 4)).float().mean() == pytest.approx(0.5, abs=0.03)


def test_linf_projection_clips_to_the_ball_and_the_range():
    centres = torch.tensor([[0.05, 0.5, 0.95]]).view(1, 1, 1, 3)
    points = torch.tensor([[-1.0, 0.55, 2.0]]).view(1, 1, 1, 3)
    assert torch.allclose(LINF.project(points, centres).flatten(), torch.tensor([0.0, 0.55, 1.0]))


def test_l2_projection_shortens_the_change():
    centres = torch.full((1, 1, 1, 2), 0.4)
    points = centres + torch.tensor([3.0, 4.0])
    assert torch.allclose(L2.project(points, centres) - centres, torch.tensor([0.3, 0.4]))


@BALLS
def test_a_point_inside_stays_exactly_where_it_is(ball):
    centres = images()
    inside = ball.random_start(centres, range(50))
    assert torch.equal(ball.project(inside, centres), inside)


@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_projections_end_inside(seed, spread):
    centres = images(4, seed)
    points = centres + spread * (images(4, seed + 1) - 0.5)
    for ball in (LINF, L2):
        assert ball.excess(ball.project(points, centres), centres) < 1e-6


def test_excess_measures_the_ball_the_range_and_nan():
    centres = torch.full((2, 1, 1, 2), 0.95)
    assert LINF.excess(centres, centres) == pytest.approx(-0.05)
    assert LINF.excess(centres - torch.tensor([0.3, 0.0]), centres) == pytest.approx(0.2)
    assert LINF.excess(centres + 0.08, centres) == pytest.approx(0.03)
    assert LINF.excess(centres - 0.96, centres - 0.9) == pytest.approx(0.01)
    assert LINF.excess(centres * torch.nan, centres) == torch.inf


def test_the_linf_direction_is_the_sign():
    gradient = torch.tensor([[-3.0, 0.0, 1e-30]]).view(1, 1, 1, 3)
    assert LINF.direction(gradient).flatten().tolist() == [-1, 0, 1]


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_the_l2_direction_has_length_one_whatever_the_scale(scale):
    gradient = scale * torch.tensor([[3.0, 4.0], [0.0, 0.0]]).view(2, 1, 1, 2)
    assert torch.allclose(L2.direction(gradient).flatten(1), torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


@BALLS
def test_a_surface_start_is_at_the_full_radius_where_the_range_does_not_cut_it(ball):
    centres = torch.full((30, 1, 3, 3), 0.5)
    start = ball.surface_start(centres, range(30))
    assert ball.distance(start, centres).tolist() == pytest.approx([ball.radius] * 30, rel=1e-5)
    assert torch.equal(ball.surface_start(centres[4:9], range(4, 9)), start[4:9])
    assert ball.excess(ball.surface_start(images(), range(50)), images()) < 1e-6
