from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.attacks.ball import make_ball
from rcnas_zoo.evaluation.receipts.coarse import EXACT, STEPS, VERTEX, Originals, coarsen, moved
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.threat import ThreatModel

THREATS = pytest.mark.parametrize("threat", ["linf@8/255", "linf@1/10", "l2@1/2"])
SHAPE = (2, 4, 4)


def originals(threat, levels=255, low=0.0, high=1.0, count=12, seed=0):
    source = torch.Generator().manual_seed(seed)
    pixels = torch.randint(levels + 1, (count, *SHAPE), generator=source, dtype=torch.uint8)
    return Originals(pixels, levels, make_ball(ThreatModel.parse(threat), low, high))


def examples(attacked, seed=1):
    """A random point of each image's ball."""
    return attacked.ball.random_start(attacked.floats(), range(seed, seed + len(attacked)))


def accepting(test):
    """A judge that calls broken what a test of images and numbers says, and remembers what it was asked."""
    asked = []

    def judge(images, numbers):
        asked.append((images.clone(), numbers.clone()))
        return test(images, numbers)

    return judge, asked


def everything(images, numbers):
    return torch.ones(len(numbers), dtype=torch.bool)


def nothing(images, numbers):
    return torch.zeros(len(numbers), dtype=torch.bool)


@pytest.mark.parametrize("levels", [255, 16])
def test_floats_are_those_of_the_data_set(levels):
    attacked = originals("linf@1/10", levels)
    assert torch.equal(attacked.floats(), attacked.images.to(torch.float32) / levels)
    assert torch.equal(attacked.floats(torch.tensor([3, 1])), attacked.floats()[[3, 1]])


def test_floats_lie_in_the_value_range_of_the_ball():
    attacked = originals("linf@1/10", 4, -1.0, 3.0)
    assert torch.equal(attacked.floats(), attacked.images.to(torch.float32) - 1)


@THREATS
@pytest.mark.parametrize("kind", [VERTEX, *STEPS])
@given(data=st.data())
def test_any_code_stays_inside_the_ball(threat, kind, data):
    attacked = originals(threat, *data.draw(st.sampled_from([(255, 0.0, 1.0), (16, -2.0, 3.0)])))
    source = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31)))
    codes = torch.randint(-(2**15), 2**15, attacked.images.shape, generator=source).to(torch.int16)
    found = moved(kind, codes, attacked.floats(), attacked.ball)
    assert found.dtype == torch.float32
    assert attacked.ball.excess(found, attacked.floats()) < 1e-6 * (attacked.ball.high - attacked.ball.low)


def test_a_vertex_moves_by_the_radius_and_stops_at_the_end_of_the_range():
    attacked = Originals(torch.tensor([[[[0, 100, 255]]]] * 2, dtype=torch.uint8), 255, originals("linf@1/10").ball)
    up, down = moved(VERTEX, torch.tensor([[[[1, 1, 1]]], [[[0, 0, 0]]]]), attacked.floats(), attacked.ball)
    assert up.flatten().tolist() == pytest.approx([0.1, 100 / 255 + 0.1, 1.0])
    assert down.flatten().tolist() == pytest.approx([0.0, 100 / 255 - 0.1, 1 - 0.1])


def test_a_step_is_computed_in_float32_from_the_image():
    attacked = originals("linf@8/255")
    codes = torch.randint(-8, 9, attacked.images.shape, generator=torch.Generator().manual_seed(0)).to(torch.int16)
    plain = attacked.images.float() / 255 + codes.float() / 255
    bounds = attacked.floats() - attacked.ball.radius, attacked.floats() + attacked.ball.radius
    assert torch.equal(moved(3, codes, attacked.floats(), attacked.ball), plain.clamp(*bounds).clamp(0, 1))


@THREATS
def test_what_is_broken_anyway_takes_the_coarsest_kind(threat):
    attacked = originals(threat)
    kinds, _ = coarsen(attacked, examples(attacked), torch.arange(12), everything)
    assert kinds.tolist() == [VERTEX if threat.startswith("linf") else 1] * 12


@THREATS
def test_what_nothing_coarse_breaks_is_kept_exactly(threat):
    attacked = originals(threat)
    kinds, _ = coarsen(attacked, examples(attacked), torch.arange(12), nothing)
    assert kinds.tolist() == [EXACT] * 12


@pytest.mark.parametrize("threat", ["linf@8/255", "l2@1/2"])
def test_only_images_still_standing_are_tried_again(threat):
    attacked = originals(threat)
    judge, asked = accepting(lambda images, numbers: numbers % 4 == len(asked) - 1)
    kinds, _ = coarsen(attacked, examples(attacked), torch.arange(12), judge)
    counts = [len(numbers) for _, numbers in asked]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == 4
    assert EXACT not in kinds


@THREATS
def test_the_codes_give_the_very_images_that_were_judged(threat):
    attacked, numbers = originals(threat, 16), torch.arange(0, 12, 2)
    judge, asked = accepting(lambda images, numbers: (images.flatten(1).sum(1) * 1000).long() % 3 == 0)
    kinds, codes = coarsen(attacked, examples(attacked)[::2], numbers, judge)
    judged = {int(number): image for images, which in asked for image, number in zip(images, which, strict=True)}
    for kind, code, number in zip(kinds.tolist(), codes, numbers, strict=True):
        if kind != EXACT:
            again = moved(kind, code[None], attacked.floats(number[None]), attacked.ball)[0]
            assert torch.equal(again, judged[int(number)])


def test_the_fine_grid_is_much_nearer_than_the_coarse_ones():
    attacked = originals("l2@1/2")
    found = examples(attacked)
    judge, asked = accepting(nothing)
    coarsen(attacked, found, torch.arange(12), judge)
    seen = [float((images - found).abs().max()) for images, _ in asked]
    bounds = [0.5 / steps for steps in STEPS.values()]
    # An L2 projection may move a point by as much again.
    assert all(distance <= 2 * bound + 1e-6 for distance, bound in zip(seen, bounds, strict=True))


@given(st.integers(0, 2**31), st.sampled_from([Fraction(8, 255), Fraction(1, 10), Fraction(3, 100)]))
def test_a_vertex_is_found_again_where_it_is_inside_the_range(seed, radius):
    attacked = originals(f"linf@{radius}", seed=seed)
    clean = attacked.floats()
    signs = torch.randint(2, clean.shape, generator=torch.Generator().manual_seed(seed)) == 1
    vertex = (clean + torch.where(signs, attacked.ball.radius, -attacked.ball.radius)).clamp(0, 1)
    judge, asked = accepting(everything)
    coarsen(attacked, vertex, torch.arange(12), judge)
    assert torch.equal(asked[0][0], attacked.ball.project(vertex, clean))


def test_steps_away_from_the_image_never_shorten_a_change():
    attacked = originals("linf@8/255")
    found = examples(attacked)
    judge, asked = accepting(nothing)
    coarsen(attacked, found, torch.arange(12), judge)
    away = asked[1][0] - attacked.floats()
    assert ((away.abs() - (found - attacked.floats()).abs()) > -1e-5).all()


def test_whole_steps_stay_the_steps_that_they_are():
    attacked = originals("linf@1/10")
    steps = torch.randint(-25, 26, attacked.images.shape, generator=torch.Generator().manual_seed(0))
    steps = steps.clamp(-attacked.images.int(), 255 - attacked.images.int())
    judge, asked = accepting(lambda images, numbers: torch.full((len(numbers),), len(asked) == 2))
    kinds, codes = coarsen(attacked, attacked.floats() + steps / 255, torch.arange(12), judge)
    assert kinds.tolist() == [3] * 12
    assert torch.equal(codes.int(), steps.int())


@pytest.mark.parametrize(
    ("images", "levels"),
    [
        (torch.zeros((2, 1, 3, 3)), 255),
        (torch.zeros((2, 3, 3), dtype=torch.uint8), 255),
        (torch.zeros((2, 1, 3, 3), dtype=torch.uint8), 0),
        (torch.zeros((2, 1, 3, 3), dtype=torch.uint8), 256),
        (torch.full((2, 1, 3, 3), 17, dtype=torch.uint8), 16),
    ],
)
def test_images_of_another_kind_are_refused(images, levels):
    with pytest.raises(InvalidInput, match=r"must be uint8|must be 1 to 255"):
        Originals(images, levels, make_ball(ThreatModel.parse("linf@1/10"), 0, 1))
