"""Batches of a split: every image once, in range, in a new order."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.batches import Batches, to_range, value_range

PLAIN = TrainingRecipe(batch_size=4, crop_padding=0, flip=False)
CPU = torch.device("cpu")


def numbered(count):
    """Images whose only pixel is their own number."""
    numbers = torch.arange(count)
    return Images(numbers.to(torch.uint8).view(count, 1, 1, 1), numbers, levels=16)


def with_range(low, high):
    model = nn.Identity()
    model.spec = SimpleNamespace(input=InputSpec((1, 1, 1), low, high))
    return model


@pytest.mark.parametrize(("count", "sizes"), [(9, [3, 3, 3]), (8, [4, 4]), (10, [4, 3, 3]), (3, [3])])
def test_an_epoch_holds_every_image_once_in_batches_of_almost_equal_size(generator, count, sizes):
    batches = Batches.of(numbered(count), PLAIN, nn.Identity(), CPU)
    epoch = list(batches.epoch(generator))
    assert len(batches) == len(sizes)
    assert [len(labels) for _, labels in epoch] == sizes
    assert sorted(torch.cat([labels for _, labels in epoch]).tolist()) == list(range(count))
    for images, labels in epoch:
        assert torch.equal(images.flatten(), labels / 16)


def test_every_epoch_has_its_own_order_and_a_seed_repeats_both():
    batches = Batches.of(numbered(16), PLAIN, nn.Identity(), CPU)

    def orders(seed):
        source = torch.Generator().manual_seed(seed)
        return [torch.cat([labels for _, labels in batches.epoch(source)]).tolist() for _ in range(2)]

    first, second = orders(0)
    assert first != second
    assert orders(0) == [first, second]
    assert orders(1) != [first, second]


def test_the_batches_fill_the_value_range_of_the_spec(generator):
    model = with_range(-2.0, 6.0)
    (images, labels), *_ = Batches.of(numbered(17), PLAIN, model, CPU).epoch(generator)
    assert value_range(model) == (-2, 6)
    assert torch.allclose(images.flatten(), labels / 16 * 8 - 2)


def test_a_network_without_a_spec_takes_the_unit_range():
    assert value_range(nn.Identity()) == (0, 1)


def test_in_the_unit_range_the_values_are_those_of_the_split(generator):
    split = Images(torch.randint(256, (5, 3, 4, 4), generator=generator).to(torch.uint8), torch.arange(5))
    assert torch.equal(to_range(split.images, split.levels, 0.0, 1.0), split.floats())


def test_augmentation_follows_the_recipe(generator):
    pixels = torch.zeros(200, 1, 3, 3, dtype=torch.uint8)
    pixels[:, :, 1, 0] = 255
    split = Images(pixels, torch.zeros(200, dtype=torch.int64))

    def places(recipe):
        found = [images for images, _ in Batches.of(split, recipe, nn.Identity(), CPU).epoch(generator)]
        return set(torch.cat(found).flatten(1).argmax(1).tolist())

    assert places(PLAIN) == {3}
    assert places(PLAIN.with_changes(flip=True)) == {3, 5}
    assert places(PLAIN.with_changes(crop_padding=1)) == {0, 1, 3, 4, 6, 7}
