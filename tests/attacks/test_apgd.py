"""Auto-PGD against a plain loop over one image, the authors' code as torchattacks has it, and closed forms."""

import math
from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
import torchattacks
from hypothesis import given
from hypothesis import strategies as st

from rcnas_zoo.attacks.apgd import apgd as climb
from rcnas_zoo.attacks.apgd import intervals
from rcnas_zoo.attacks.region import Box

from .victims import blobs

RADIUS = 0.1


def cross_entropy_of(model, labels):
    def losses_and_gradient(images):
        point = images.detach().requires_grad_()
        losses = F.cross_entropy(model(point), labels, reduction="none")
        return losses, torch.autograd.grad(losses.sum(), point)[0]

    return losses_and_gradient


def box(images):
    return (images - RADIUS).clamp(0, 1), (images + RADIUS).clamp(0, 1)


def apgd(losses_and_gradient, start, lower, upper, steps, step_size, **more):
    """The ascent in a box, from which nobody leaves."""
    return climb(
        lambda points: (*losses_and_gradient(points), None), start, Box(lower, upper), steps, step_size, **more
    )


class Witness:
    """Keeps what a loss was asked and what it said."""

    def __init__(self, losses_and_gradient):
        self.losses_and_gradient = losses_and_gradient
        self.places, self.losses = [], []

    def __call__(self, images):
        losses, gradient = self.losses_and_gradient(images)
        self.places.append(images.clone())
        self.losses.append(losses.detach().clone())
        return losses, gradient


def plain_apgd(losses_and_gradient, start, lower, upper, steps, step_size, rho):
    """Algorithm 1 on one image (1, C, H, W), with its own lists of iterates and losses."""

    def clipped(place):
        return torch.minimum(torch.maximum(place, lower), upper)

    judgements, length = [], max(22 * steps // 100, 1)
    while not judgements or judgements[-1] < steps:
        judgements.append((judgements[-1] if judgements else 0) + length)
        length = max(length - max(3 * steps // 100, 1), 6 * steps // 100, 1)
    losses, gradient = losses_and_gradient(start)
    places, history = [start], [losses.item()]
    best, best_loss, best_gradient = start, losses.item(), gradient
    place, last_judgement, best_then, was_halved = start, 0, losses.item(), True
    for step in range(1, steps + 1):
        straight = clipped(place + step_size * gradient.sign())
        onward = clipped(place + 0.75 * (straight - place) + 0.25 * (place - places[max(step - 2, 0)]))
        place = straight if step == 1 else onward
        losses, gradient = losses_and_gradient(place)
        places.append(place)
        history.append(losses.item())
        if history[-1] > best_loss:
            best, best_loss, best_gradient = place, history[-1], gradient
        if step in judgements:
            since = range(last_judgement + 1, step + 1)
            rises = sum(history[i] > history[i - 1] for i in since)
            was_halved = rises <= rho * len(since) or (not was_halved and best_loss == best_then)
            if was_halved:
                step_size, place, gradient = step_size / 2, best, best_gradient
                places[-1] = best
            last_judgement, best_then = step, best_loss
    return best


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 10, 25, 60])
@pytest.mark.parametrize(("reach", "more"), [(0.5, {}), (2.0, {}), (2.0, {"improving_share": 0.5})])
def test_every_image_follows_the_plain_loop(trained, steps, reach, more):
    model = deepcopy(trained[0]).double()
    images, labels = trained[1][:30].double(), trained[2][:30]
    lower, upper = box(images)
    found = apgd(cross_entropy_of(model, labels), images, lower, upper, steps, reach * RADIUS, **more)
    rho = more.get("improving_share", 0.75)
    for i in range(len(images)):
        one = slice(i, i + 1)
        loss = cross_entropy_of(model, labels[one])
        expected = plain_apgd(loss, images[one], lower[one], upper[one], steps, reach * RADIUS, rho)
        assert torch.allclose(found[one], expected, atol=1e-9)


@pytest.mark.parametrize("steps", [2, 5, 10, 30, 100])
def test_it_is_the_authors_code_where_the_first_step_rises(trained, steps):
    """That code counts a first step as a rise whatever it does, unless there is only one."""
    model, images, labels = trained
    peer = torchattacks.APGD(model, eps=RADIUS, steps=steps)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = peer.attack_single_run(images, labels)[0]
        torch.manual_seed(5)
        noise = 2 * torch.rand(images.shape) - 1
    start = images + RADIUS * noise / noise.flatten(1).abs().amax(1).view(-1, 1, 1, 1)
    witness = Witness(cross_entropy_of(model, labels))
    found = apgd(witness, start, *box(images), steps, 2 * RADIUS)
    rose = witness.losses[1] > witness.losses[0]
    assert rose.double().mean() > 0.9
    assert torch.equal(found[rose], expected[rose])


def test_a_hundred_steps_are_judged_where_the_paper_says():
    """p(j+1) = p(j) + max(p(j) - p(j-1) - 0.03, 0.06) from p = 0, 0.22, at step ceil(100 p); here in whole percents."""
    shares = [0, 22]
    while shares[-1] < 100:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 3, 6))
    lengths = list(intervals(100))
    assert [sum(lengths[: i + 1]) for i in range(len(lengths))] == [*shares[1:-1], 100]


@pytest.mark.parametrize(
    ("steps", "lengths"),
    [(0, []), (1, [1]), (5, [1] * 5), (10, [2] + [1] * 8), (20, [4, 3, 2] + [1] * 11), (50, [11, 10, 9, 8, 7, 5])],
)
def test_the_intervals_of_a_few_steps(steps, lengths):
    assert list(intervals(steps)) == lengths


@given(st.integers(1, 1000))
def test_intervals_fill_the_steps_and_never_grow(steps):
    lengths = list(intervals(steps))
    assert sum(lengths) == steps
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == max(math.floor(0.22 * steps + 1e-9), 1)
    assert all(length >= 0.06 * steps - 1 for length in lengths[:-1])


def test_a_linear_loss_ends_in_the_best_corner_after_one_step():
    slope = torch.randn((9, 2, 3, 3), generator=torch.Generator().manual_seed(0))
    images = torch.rand((9, 2, 3, 3), generator=torch.Generator().manual_seed(1))
    lower, upper = box(images)
    found = apgd(lambda x: ((x * slope).flatten(1).sum(1), slope), images, lower, upper, 1, 2 * RADIUS)
    assert torch.equal(found, torch.where(slope > 0, upper, lower))


def test_the_step_sizes_shrink_onto_a_peak_inside_the_box():
    images = torch.full((40, 1, 1, 1), 0.5, dtype=torch.float64)
    peaks = images + RADIUS * torch.linspace(-0.9, 0.9, 40, dtype=torch.float64).view(-1, 1, 1, 1)

    def hill(points):
        return -(points - peaks).square().flatten(1).sum(1), 2 * (peaks - points)

    found = apgd(hill, images, *box(images), 100, 2 * RADIUS)
    # Eight judgements can halve a step of two radii seven times before the last interval.
    assert (found - peaks).abs().max() < 2 * RADIUS / 2**5


@given(steps=st.integers(1, 30), reach=st.floats(0.01, 4), seed=st.integers(0, 1000))
def test_the_result_is_the_best_place_seen_and_all_places_are_inside(steps, reach, seed):
    source = torch.Generator().manual_seed(seed)
    images, labels = blobs(6, seed=seed)
    weights = torch.randn((4, 36), generator=source)
    waves = torch.randn((36, 36), generator=source)
    lower, upper = box(images)
    witness = Witness(cross_entropy_of(lambda x: torch.sin(x.flatten(1) @ waves) @ weights.T, labels))
    found = apgd(witness, torch.rand(images.shape, generator=source), lower, upper, steps, reach * RADIUS)
    assert len(witness.places) == steps + 1
    assert all(((lower <= place) & (place <= upper)).all() for place in witness.places)
    best = torch.stack(witness.losses).max(0)
    assert torch.equal(found, torch.stack(witness.places)[best.indices, torch.arange(6)])
    assert not found.requires_grad


def test_more_steps_never_lower_the_loss_while_the_judgements_are_the_same(trained):
    model, images, labels = trained
    ask = cross_entropy_of(model, labels)
    losses = torch.stack([ask(apgd(ask, images, *box(images), steps, 2 * RADIUS))[0] for steps in range(1, 10)])
    assert (losses[1:] >= losses[:-1]).all()
    assert (losses[0] >= ask(images)[0]).all()


def test_it_finds_higher_losses_than_steps_of_one_size(trained):
    model, images, labels = trained
    ask, (lower, upper) = cross_entropy_of(model, labels), box(images)
    plain = images
    for _ in range(10):
        plain = (plain + RADIUS / 4 * ask(plain)[1].sign()).clamp(lower, upper)
    adaptive = apgd(ask, images, lower, upper, 10, 2 * RADIUS)
    assert ask(adaptive)[0].mean() > ask(plain)[0].mean()


def test_images_do_not_sway_each_other(trained):
    model, images, labels = deepcopy(trained[0]).double(), trained[1].double(), trained[2]
    lower, upper = box(images)
    together = apgd(cross_entropy_of(model, labels), images, lower, upper, 10, 2 * RADIUS)
    part = slice(50, 60)
    alone = apgd(cross_entropy_of(model, labels[part]), images[part], lower[part], upper[part], 10, 2 * RADIUS)
    assert torch.allclose(together[part], alone, atol=1e-9)


def test_a_loss_that_is_no_number_is_never_the_highest():
    images = torch.full((2, 1, 1, 1), 0.5)

    def cliff(points):
        losses = points.flatten(1).sum(1)
        return torch.where(losses > 0.55, torch.nan, losses), torch.ones_like(points)

    found = apgd(cliff, images, *box(images), 6, RADIUS)
    assert (found <= 0.55).all()
    assert (found > 0.5).all()
    # Nor does such a start stay the best for good.
    start = torch.full((2, 1, 1, 1), 0.6)
    back = apgd(lambda x: (cliff(x)[0], -torch.ones_like(x)), start, *box(images), 1, RADIUS)
    assert (back <= 0.55).all()


def test_nothing_waits_for_the_device():
    """Tensors of the meta device hold no values, so code that asks for one fails there."""
    images = torch.rand((3, 1, 2, 2), device="meta")
    found = apgd(lambda x: (x.flatten(1).sum(1), torch.ones_like(x)), images, *box(images), 30, RADIUS)
    assert found.shape == images.shape
