import pytest
import torch

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.attacks.boundary import GEOMETRIES, Boundary, along_line
from rcnas_zoo.attacks.victim import Victim
from rcnas_zoo.spec.threat import ThreatModel

from .victims import Linear, NearHalf, Recorder

NORMS = pytest.mark.parametrize("norm", ["linf", "l2"])


def boundary(model, norm, centres, labels=None):
    labels = torch.zeros(len(centres), dtype=torch.int64) if labels is None else labels
    return Boundary(Victim(model), make_ball(ThreatModel.parse(f"{norm}@1/10"), 0.0, 1.0), centres, labels)


def streams(count, seed=0):
    return [torch.Generator().manual_seed(seed + i) for i in range(count)]


def half_spaces(count=20, seed=3):
    """Two classes whose edge goes through mid-grey, and images of class 0."""
    source = torch.Generator().manual_seed(seed)
    normal = torch.randn((1, 3, 5, 5), generator=source)
    normal /= normal.norm()
    model = Linear(torch.stack([-normal.flatten(), normal.flatten()]), torch.stack([normal.sum(), -normal.sum()]) / 2)
    centres = 0.5 + 0.05 * torch.randn((count, 3, 5, 5), generator=source)
    ahead = (centres - 0.5).flatten(1) @ normal.flatten()
    return model, centres - (ahead.abs() + ahead + 0.1).view(-1, 1, 1, 1) * normal, normal


@NORMS
def test_bisection_ends_at_the_edge_on_the_wrong_side(norm):
    """In Linf the edge of `NearHalf` is a box around mid-grey, which a pull into a box meets at the margin itself."""
    model, centres = NearHalf(0.2), torch.full((10, 1, 4, 4), 0.5)
    edge = boundary(model, norm, centres)
    start = centres + 0.3 * torch.rand(centres.shape, generator=torch.Generator().manual_seed(0)) + 0.1
    found = edge.bisect(start, edge.geometry.toward, 20)
    assert edge.wrong(found).all()
    lengths = (found - centres).flatten(1).abs().amax(1)
    assert lengths.tolist() == pytest.approx([0.2] * 10, rel=1e-4)
    way, gone = start - centres, found - centres
    if norm == "linf":
        assert torch.allclose(gone, way.clamp(-0.2, 0.2), atol=1e-4)
    else:
        assert torch.allclose(gone / way, (gone / way).amax((1, 2, 3), keepdim=True), rtol=1e-4)


def test_a_point_that_is_misclassified_nowhere_stays_where_it_is():
    centres = torch.full((3, 1, 2, 2), 0.5)
    start = centres + 0.1
    assert torch.equal(boundary(NearHalf(0.2), "l2", centres).bisect(start, along_line, 10), start)


@NORMS
def test_the_normal_of_a_plane_is_found_from_classes_alone(norm):
    model, centres, normal = half_spaces()
    edge = boundary(model, norm, centres)
    points = edge.bisect(centres + 0.5 * normal, along_line, 20)
    found = edge.normal(points, torch.full((20,), 0.05), 3000, streams(20)).flatten(1)
    cosines = found @ normal.flatten() / found.norm(dim=1)
    # With B probes in d dimensions the cosine nears 1 / sqrt(1 + pi d / (2 B)) (in Linf about the same).
    assert cosines.tolist() == pytest.approx([(1 + torch.pi * 75 / 6000) ** -0.5] * 20, abs=0.01)


@pytest.mark.parametrize("side", [-1, 1])
def test_probes_that_all_agree_say_which_side_they_are_on(side):
    model, centres, normal = half_spaces(4)
    edge = boundary(model, "l2", centres)
    points = torch.full_like(centres, 0.5) + side * 0.1 * normal
    found = edge.normal(points, torch.full((4,), 0.01), 50, streams(4))
    draws = torch.stack([torch.empty(50, 3, 5, 5).normal_(generator=stream) for stream in streams(4)])
    units = draws / draws.flatten(2).norm(dim=2)[..., None, None, None]
    assert torch.allclose(found, side * 0.01 * units.mean(1), atol=1e-6)


def test_probes_are_those_of_the_image_whatever_the_batch():
    model, centres, normal = half_spaces(12)
    edge = boundary(Recorder(model), "l2", centres)
    points = edge.bisect(centres + 0.5 * normal, along_line, 20)
    reach = torch.linspace(0.01, 0.05, 12)
    whole = edge.normal(points, reach, 400, streams(12))
    assert max(len(shown) for shown in edge.victim.model.seen) == 800
    for i in range(12):
        part = slice(i, i + 1)
        alone = edge.rows(part).normal(points[part], reach[part], 400, streams(1, seed=i))
        assert torch.allclose(alone, whole[part], atol=1e-6)


def test_no_pass_is_longer_than_a_thousand_images():
    model, centres, normal = half_spaces(2)
    edge = boundary(Recorder(model), "l2", centres)
    edge.normal(centres + 0.1 * normal, torch.full((2,), 0.05), 2300, streams(2))
    assert [len(shown) for shown in edge.victim.model.seen] == [1000, 1000, 300] * 2


def test_a_leap_is_the_longest_half_of_a_half_that_ends_wrong():
    """Class 1 is the ring between 0.2 and 0.3 from mid-grey."""

    class Ring(torch.nn.Module):
        def forward(self, images):
            far = (images - 0.5).abs().flatten(1).amax(1)
            inside = (far - 0.2) * (0.3 - far)
            return torch.stack([-inside, inside], 1)

    centres = torch.full((4, 1, 1, 1), 0.5)
    edge = boundary(Ring(), "l2", centres)
    points = centres + 0.21
    ones = torch.ones_like(centres)
    directions = torch.cat([ones[:2], -ones[2:]])
    ends = edge.leap(points, directions, torch.tensor([0.05, 0.4, 0.16, 0.0]))
    # 0.21 + 0.05; 0.21 + 0.05 after three halvings; 0.21 - 0.005 after five; no way at all.
    assert (ends - centres).flatten().tolist() == pytest.approx([0.26, 0.26, 0.205, 0.21], abs=1e-6)


def test_a_leap_that_never_ends_wrong_is_not_made():
    centres = torch.full((1, 1, 2, 2), 0.5)
    edge = boundary(NearHalf(0.2), "linf", centres)
    start = centres + 0.1
    assert torch.equal(edge.leap(start, -torch.ones_like(start), torch.tensor([0.1])), start)


def test_noise_is_drawn_until_it_is_misclassified():
    """Grey images of the class whose first pixel is bright: about half of all noise has a dark one."""

    class Bright(torch.nn.Module):
        def forward(self, images):
            first = images[:, 0, 0, 0] - 0.5
            return torch.stack([first, -first], 1)

    centres = torch.full((40, 1, 3, 3), 0.6)
    model = Recorder(Bright())
    points, found = boundary(model, "l2", centres).noise(30, streams(40))
    assert found.all()
    assert (points[:, 0, 0, 0] < 0.5).all()
    for i in range(40):
        stream = torch.Generator().manual_seed(i)
        while (noise := torch.rand(1, 3, 3, generator=stream))[0, 0, 0] >= 0.5:
            pass
        assert torch.allclose(points[i], noise)
    sizes = [len(shown) for shown in model.seen]
    assert sizes == sorted(sizes, reverse=True)
    points, found = boundary(model, "l2", centres).noise(1, streams(40))
    assert 5 < found.sum() < 35
    assert torch.equal(points[~found], centres[~found])


@pytest.mark.parametrize(("norm", "pixels", "gamma", "expected"), [
    ("linf", 3072, 1.0, 24),  # log2(3072^2) = 23.2
    ("l2", 3072, 1.0, 18),  # log2(3072^1.5) = 17.4
    ("l2", 3072, 4.0, 16),
    ("linf", 64, 1.0, 12),
    ("linf", 1 << 14, 1.0, 24),
    ("l2", 1, 1.0, 10),
])  # fmt: skip
def test_bisections_leave_the_share_of_the_paper(norm, pixels, gamma, expected):
    assert GEOMETRIES[norm].bisections(pixels, gamma) == expected
