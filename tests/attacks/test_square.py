import pytest
import torch

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.square import share_at
from rcnas_zoo.attacks.square_moves import make_moves, pyramid_pair
from rcnas_zoo.spec.threat import ThreatModel

CENTRES = 0.3 + 0.4 * torch.rand((40, 3, 10, 10), generator=torch.Generator().manual_seed(1))


def moves(threat):
    return make_moves(make_ball(ThreatModel.parse(threat), 0.0, 1.0))


def numbers(count, seed=0):
    return torch.rand((len(CENTRES), count), generator=torch.Generator().manual_seed(seed))


def test_the_share_halves_where_the_paper_says():
    """Section 4.2: p is halved at the iterations 10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000 of 10,000."""
    halvings = {0: 0, 10: 0, 11: 1, 50: 1, 51: 2, 200: 2, 201: 3, 501: 4, 1001: 5, 2001: 6, 4001: 7, 6001: 8, 8001: 9}
    assert {query: share_at(query) for query in halvings} == {q: 0.8 / 2**n for q, n in halvings.items()}
    assert {query: share_at(query, 0.5) for query in halvings} == {q: 0.5 / 2**n for q, n in halvings.items()}


@pytest.mark.parametrize("threat", ["linf@1/10", "l2@1/2"])
def test_a_search_begins_at_the_edge_of_the_ball_and_stays_there(threat):
    search = moves(threat)
    best = search.first(CENTRES, numbers(search.numbers_at_first(CENTRES.shape[1:])))
    radius = search.ball.radius
    assert search.ball.distance(best, CENTRES).tolist() == pytest.approx([radius] * 40, rel=1e-5)
    for seed, share in enumerate((0.8, 0.3, 0.1, 0.02, 0.001)):
        best = search.next(best, CENTRES, numbers(search.numbers_a_query(CENTRES.shape[1:]), seed), share)
        assert search.ball.excess(best, CENTRES) < 1e-6
        assert search.ball.distance(best, CENTRES).tolist() == pytest.approx([radius] * 40, rel=1e-5)


@pytest.mark.parametrize(("share", "side"), [(0.8, 9), (0.25, 5), (0.01, 1), (0.0001, 1), (1.0, 10)])
def test_in_linf_a_query_paints_one_square_with_one_colour(share, side):
    search = moves("linf@1/10")
    painted = search.next(CENTRES, CENTRES, numbers(5), share)
    change = (painted - CENTRES) / search.ball.radius
    touched = change.abs().amax(1) > 0.5
    assert (touched.sum((1, 2)) == side * side).all()
    rows, columns = touched.any(2), touched.any(1)
    assert (rows.sum(1) == side).all()
    assert (columns.sum(1) == side).all()
    for image, mask in zip(change, touched, strict=True):
        colours = image[:, mask]
        assert torch.allclose(colours, colours[:, :1].expand_as(colours), atol=1e-5)
        assert colours.abs().min() == pytest.approx(1, abs=1e-5)


def test_in_linf_squares_reach_every_corner():
    search = moves("linf@1/10")
    hit = torch.zeros(10, 10, dtype=torch.bool)
    for seed in range(30):
        painted = search.next(CENTRES, CENTRES, numbers(5, seed), 0.01)
        hit |= ((painted - CENTRES).abs().amax(1) > 0.05).any(0)
    assert hit.all()


def test_in_l2_only_two_windows_change_before_the_length_is_restored():
    search = moves("l2@1/2")
    best = search.first(CENTRES, numbers(search.numbers_at_first(CENTRES.shape[1:])))
    uniform = numbers(search.numbers_a_query(CENTRES.shape[1:]))
    moved = search.next(best, CENTRES, uniform, 0.09)
    before, after = best - CENTRES, moved - CENTRES
    corners = (uniform[:, :4] * 8).long()
    for i in range(len(CENTRES)):
        outside = torch.ones(10, 10, dtype=torch.bool)
        for top, left in (corners[i, :2].tolist(), corners[i, 2:].tolist()):
            outside[top : top + 3, left : left + 3] = False
        ratios = after[i][:, outside] / before[i][:, outside]
        assert ratios.std() < 1e-3 * ratios.mean().abs()


def plain_pyramid(height, width):
    """The authors' sum of ever larger rectangles, pixel by pixel."""
    values = torch.zeros(height, width)
    for k in range(max(height // 2, width // 2) + 1):
        for row in range(height):
            for column in range(width):
                if abs(row - height // 2) <= k and abs(column - width // 2) <= k:
                    values[row, column] += 1 / (k + 1) ** 2
    return values / values.norm() if values.numel() else values


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5, 9, 10])
def test_a_pair_of_pyramids_is_one_above_its_negative(side):
    expected = torch.cat([plain_pyramid(side // 2, side), -plain_pyramid(side - side // 2, side)])
    assert torch.allclose(pyramid_pair(side), expected / expected.norm(), atol=1e-6)
    assert pyramid_pair(side).norm() == pytest.approx(1)


@pytest.mark.parametrize("threat", ["linf@1/10", "l2@1/2"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 5), (3, 6, 6), (2, 33, 17)])
def test_images_of_any_shape_can_be_searched(threat, shape):
    search = moves(threat)
    centres = torch.full((2, *shape), 0.5)
    best = search.first(centres, torch.rand(2, search.numbers_at_first(shape)))
    for share in (0.8, 0.01):
        best = search.next(best, centres, torch.rand(2, search.numbers_a_query(shape)), share)
    assert best.isfinite().all()
    assert search.ball.excess(best, centres) < 1e-6
