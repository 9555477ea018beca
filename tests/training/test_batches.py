"""Batches of a training: every image once an epoch, in range, by number, whoever works at which rows."""

from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batch, Batches, to_range, value_range

PLAIN = TrainingRecipe(batch_size=4, crop_padding=0, flip=False)
FULL = TrainingRecipe(batch_size=7, crop_padding=2, flip=True, cutout=3, attack_start="uniform")
CPU = torch.device("cpu")


def numbered(count):
    """Images whose only pixel is their own number."""
    numbers = torch.arange(count)
    return Images(numbers.to(torch.uint8).view(count, 1, 1, 1), numbers, levels=16)


def pictures(count):
    source = torch.Generator().manual_seed(5)
    return Images(torch.randint(256, (count, 2, 6, 5), generator=source).to(torch.uint8), torch.arange(count))


def with_range(low, high):
    model = nn.Identity()
    model.spec = SimpleNamespace(input=InputSpec((1, 1, 1), low, high))
    return model


def batches_of(split, recipe=PLAIN, model=None, seed=0, team=None):
    return Batches.of(split, recipe, model or nn.Identity(), seed, CPU, team)


def epoch_of(batches, epoch):
    """The batches of an epoch, from 0."""
    return [batches.batch(epoch * len(batches) + place) for place in range(len(batches))]


def order_of(batches, epoch):
    return torch.cat([batch.labels for batch in epoch_of(batches, epoch)]).tolist()


def same(one, other):
    tensors = ("images", "labels", "noise")
    return one.share == other.share and all(torch.equal(getattr(one, name), getattr(other, name)) for name in tensors)


def put_together(parts):
    """One batch out of several, in their order."""
    images, labels, noise = (
        torch.cat([getattr(part, name) for part in parts]) for name in ("images", "labels", "noise")
    )
    return Batch(images, labels, noise, sum(part.share for part in parts))


@pytest.mark.parametrize(("count", "sizes"), [(9, [3, 3, 3]), (8, [4, 4]), (10, [4, 3, 3]), (3, [3]), (1, [1])])
def test_an_epoch_holds_every_image_once_in_batches_of_almost_equal_size(count, sizes):
    batches = batches_of(numbered(count))
    for epoch in (0, 1, 7):
        found = epoch_of(batches, epoch)
        assert len(batches) == len(sizes)
        assert [len(batch.labels) for batch in found] == sizes
        assert sorted(order_of(batches, epoch)) == list(range(count))
        for batch in found:
            assert torch.equal(batch.images.flatten(), batch.labels / 16)
            assert batch.share == 1


@given(count=st.integers(1, 17), size=st.integers(1, 20), epoch=st.integers(0, 50))
def test_no_batch_is_above_the_size_and_no_two_differ_by_more_than_one(count, size, epoch):
    sizes = [
        len(batch.labels) for batch in epoch_of(batches_of(numbered(count), PLAIN.with_changes(batch_size=size)), epoch)
    ]
    assert sum(sizes) == count
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


def test_every_epoch_has_its_own_order_and_a_seed_repeats_them_all():
    orders = [order_of(batches_of(numbered(16)), epoch) for epoch in range(5)]
    assert len({tuple(order) for order in orders}) == 5
    assert [order_of(batches_of(numbered(16)), epoch) for epoch in range(5)] == orders
    assert all(order_of(batches_of(numbered(16), seed=1), epoch) not in orders for epoch in range(5))


@pytest.mark.parametrize(
    "recipe", [FULL, FULL.with_changes(attack_start="gaussian"), FULL.with_changes(objective="clean")]
)
def test_a_batch_hangs_on_its_number_alone(recipe):
    batches = batches_of(pictures(20), recipe)
    forwards = [batches.batch(update) for update in range(12)]
    torch.rand(3)
    random_state = torch.get_rng_state()
    others = batches_of(pictures(20), recipe)
    for update in (11, 0, 5, 5, 10, 4, 3):
        assert same(others.batch(update), forwards[update])
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not same(batches_of(pictures(20), recipe, seed=1).batch(0), forwards[0])


def test_an_image_is_augmented_anew_in_every_update():
    """In one full batch, the rows of an epoch are those of another in another order."""
    batches = batches_of(pictures(6), FULL)
    seen = [put_together([batches.batch(update)]) for update in range(3)]
    by_image = [batch.images[batch.labels.argsort()] for batch in seen]
    noise = [batch.noise[batch.labels.argsort()] for batch in seen]
    assert not torch.equal(by_image[0], by_image[1])
    assert not torch.equal(noise[1], noise[2])


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("objective", ["clean", "sat"])
def test_the_rows_of_a_team_put_together_are_the_batch_of_one_process(size, objective):
    recipe = FULL.with_changes(objective=objective)
    alone = batches_of(pictures(20), recipe)
    teams = [batches_of(pictures(20), recipe, team=Team(rank, size)) for rank in range(size)]
    for update in range(9):
        whole, rows = alone.batch(update), [mine.batch(update) for mine in teams]
        assert same(put_together(rows), whole)
        assert max(len(part.labels) for part in rows) - min(len(part.labels) for part in rows) <= 1
        assert [part.share for part in rows] == pytest.approx([len(part.labels) / len(whole.labels) for part in rows])


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_parts_of_a_batch_put_together_are_the_batch(generator, count, share):
    whole = Batch(torch.rand(7, 1, 2, 2, generator=generator), torch.arange(7), torch.rand(7, 1, 2, 2), share)
    parts = list(whole.parts(count))
    joined = put_together(parts)
    assert len(parts) == min(count, 7)
    assert joined.share == pytest.approx(share)
    assert torch.equal(joined.images, whole.images)
    assert torch.equal(joined.labels, whole.labels)
    assert torch.equal(joined.noise, whole.noise)
    assert all(part.share == pytest.approx(share * len(part.labels) / 7) for part in parts)
    assert max(len(part.labels) for part in parts) - min(len(part.labels) for part in parts) <= 1


def noise_of(**changes):
    recipe = PLAIN.with_changes(batch_size=4000, **changes)
    split = Images(torch.zeros(2000, 1, 2, 2, dtype=torch.uint8), torch.zeros(2000, dtype=torch.int64))
    return batches_of(split, recipe).batch(0).noise


def test_gaussian_noise_is_standard_normal():
    noise = noise_of(attack_start="gaussian")
    assert noise.mean().item() == pytest.approx(0, abs=0.03)
    assert noise.std().item() == pytest.approx(1, rel=0.03)
    assert noise.pow(4).mean().item() == pytest.approx(3, rel=0.1)


@pytest.mark.parametrize("start", ["uniform", "noise"])
def test_other_noise_fills_the_range_from_minus_one_to_one(start):
    noise = noise_of(attack_start=start, attack_steps=1)
    assert noise.std().item() == pytest.approx(3**-0.5, rel=0.03)
    assert noise.min().item() == pytest.approx(-1, abs=0.01)
    assert noise.max().item() == pytest.approx(1, abs=0.01)


def test_clean_training_draws_no_noise():
    noise = noise_of(objective="clean")
    assert noise.shape == (2000, 1, 2, 2)
    assert not noise.any()


def test_the_batches_fill_the_value_range_of_the_spec():
    model = with_range(-2.0, 6.0)
    batch = batches_of(numbered(17), model=model).batch(0)
    assert value_range(model) == (-2, 6)
    assert torch.allclose(batch.images.flatten(), batch.labels / 16 * 8 - 2)


def test_a_network_without_a_spec_takes_the_unit_range():
    assert value_range(nn.Identity()) == (0, 1)


def test_in_the_unit_range_the_values_are_those_of_the_split(generator):
    split = Images(torch.randint(256, (5, 3, 4, 4), generator=generator).to(torch.uint8), torch.arange(5))
    assert torch.equal(to_range(split.images, split.levels, 0.0, 1.0), split.floats())


def test_augmentation_follows_the_recipe():
    pixels = torch.zeros(200, 1, 3, 3, dtype=torch.uint8)
    pixels[:, :, 1, 0] = 255
    split = Images(pixels, torch.zeros(200, dtype=torch.int64))

    def places(recipe):
        found = [batch.images for batch in epoch_of(batches_of(split, recipe), 0)]
        return set(torch.cat(found).flatten(1).argmax(1).tolist())

    assert places(PLAIN) == {3}
    assert places(PLAIN.with_changes(flip=True)) == {3, 5}
    assert places(PLAIN.with_changes(crop_padding=1)) == {0, 1, 3, 4, 6, 7}
    # A blank image has its first highest pixel in the corner.
    assert places(PLAIN.with_changes(cutout=1)) == {0, 3}
    assert not pixels.sub(split.images).any()
