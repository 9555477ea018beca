import pytest
import torch

from rcnas_zoo.evaluation.anytime import interval_of_count
from rcnas_zoo.evaluation.sampling import estimate, random_order, replay
from rcnas_zoo.spec.errors import InvalidInput


def mask(*places, length=10):
    found = torch.zeros(length, dtype=torch.bool)
    found[list(places)] = True
    return found


def test_an_estimate_subtracts_the_share_that_breaks_from_what_stands():
    found = estimate(mask(*range(8)), mask(0, 1, 2, 3), mask(2), "square")
    assert (found.attack, found.drawn, found.broken, found.standing, found.samples) == ("square", 4, 1, 8, 10)
    assert found.value == pytest.approx((8 - 8 / 4) / 10)
    least, most = interval_of_count(1, 4, 8)
    assert found.interval == ((8 - most) / 10, (8 - least) / 10)
    assert found.tolerance == pytest.approx((most - least) / 20)


def test_before_the_first_draw_everything_that_stands_may_break():
    found = estimate(mask(1, 2, 3), mask(), mask())
    assert (found.value, found.interval) == (0.3, (0.0, 0.3))


def test_where_nothing_stands_nothing_is_unknown():
    found = estimate(mask(), mask(), mask())
    assert (found.value, found.interval) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize(
    ("standing", "attacked", "broken"),
    [
        (mask(1), mask(2), mask()),
        (mask(1, 2), mask(1), mask(2)),
        (mask(1), mask(), mask(length=9)),
        (mask(1).long(), mask(), mask()),
        (mask(1)[None], mask()[None], mask()[None]),
        (mask(length=0), mask(length=0), mask(length=0)),
    ],
)
def test_masks_that_do_not_fit_are_refused(standing, attacked, broken):
    with pytest.raises(InvalidInput, match=r"must be|must cover|may be"):
        estimate(standing, attacked, broken)


def test_the_order_holds_every_standing_image_once_and_depends_on_the_seed():
    standing = mask(*range(0, 500, 3), length=500)
    order = random_order(standing, 1)
    assert sorted(order.tolist()) == list(range(0, 500, 3))
    assert torch.equal(order, random_order(standing, 1))
    assert not torch.equal(order, random_order(standing, 2))


@pytest.fixture(scope="module")
def verdicts():
    """Two thousand images of which 1,300 survive the cheap attack and about 1,240 of these the costly one."""
    source = torch.Generator().manual_seed(4)
    cheap = torch.rand(2000, generator=source) < 0.65
    return cheap, cheap & (torch.rand(2000, generator=source) > 0.045)


def test_a_replay_stops_at_the_first_batch_that_is_precise_enough(verdicts):
    cheap, costly = verdicts
    found = replay(cheap, costly, 0.02, 50, seed=0)
    assert found.tolerance <= 0.02
    assert found.drawn % 50 == 0
    before = random_order(cheap, 0)[: found.drawn - 50]
    attacked = mask(*before.tolist(), length=2000)
    assert estimate(cheap, attacked, attacked & ~costly).tolerance > 0.02


def test_a_replay_without_tolerance_draws_all_and_is_exact(verdicts):
    cheap, costly = verdicts
    found = replay(cheap, costly, 0.0, 300, seed=0)
    assert found.drawn == int(cheap.sum())
    assert found.value == pytest.approx(int(costly.sum()) / 2000)
    assert found.interval == (int(costly.sum()) / 2000,) * 2


def test_replays_hold_the_truth_and_save_most_of_the_work(verdicts):
    cheap, costly = verdicts
    truth = int(costly.sum()) / 2000
    found = [replay(cheap, costly, 0.02, 25, seed) for seed in range(100)]
    assert sum(low <= truth <= high for low, high in (one.interval for one in found)) >= 95
    assert max(one.drawn for one in found) < 0.7 * int(cheap.sum())


@pytest.mark.parametrize(("tolerance", "size"), [(-0.1, 10), (float("nan"), 10), (0.1, 0)])
def test_a_replay_of_nonsense_is_refused(verdicts, tolerance, size):
    with pytest.raises(InvalidInput, match="must be at least"):
        replay(*verdicts, tolerance, size, 0)
