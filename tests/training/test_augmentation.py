"""Crops, flips and cutouts of a batch against slow loops over its images, and the choices that are drawn for it."""

from dataclasses import fields, replace

import pytest
import torch

from rcnas_zoo.spec.recipe import TrainingRecipe
from rcnas_zoo.training.augmentation import Augmentation, crop, cutout, flip

SHAPE = (3, 6, 5)
CHOICES = ("tops", "lefts", "flipped", "rows", "columns")


def draw(count, seed=0, **changes):
    recipe = TrainingRecipe(**{"crop_padding": 2, "cutout": 3, **changes})
    return Augmentation.draw(recipe, count, SHAPE, torch.Generator().manual_seed(seed))


def some_images(generator, dtype=torch.uint8, count=6, shape=SHAPE):
    """Without a zero, so that every blank pixel was made."""
    return torch.randint(1, 255, (count, *shape), generator=generator).to(dtype)


def slow_crop(images, padding, tops, lefts):
    """Pixel by pixel: the pixel at (row + top - padding, column + left - padding), or zero outside the image."""
    result = torch.zeros_like(images)
    height, width = images.shape[2:]
    for i in range(len(images)):
        for row in range(height):
            for column in range(width):
                y, x = row + int(tops[i]) - padding, column + int(lefts[i]) - padding
                if 0 <= y < height and 0 <= x < width:
                    result[i, :, row, column] = images[i, :, y, x]
    return result


def slow_cutout(images, side, rows, columns):
    """One slice an image."""
    result = images.clone()
    for image, row, column in zip(result, rows.tolist(), columns.tolist(), strict=True):
        top, left = row - side // 2, column - side // 2
        image[:, max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)] = 0
    return result


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize(("padding", "shape"), [(1, (1, 8, 8)), (4, (3, 5, 7)), (0, (2, 4, 4))])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_crop_equals_the_loop_over_images(generator, dtype, padding, shape, layout):
    images = some_images(generator, dtype, shape=shape).contiguous(memory_format=layout)
    tops, lefts = torch.randint(2 * padding + 1, (2, 6), generator=generator)
    cropped = crop(images, padding, tops, lefts)
    assert cropped.dtype == dtype
    assert torch.equal(cropped, slow_crop(images, padding, tops, lefts))


def test_a_flip_mirrors_the_chosen_images_alone(generator):
    images = some_images(generator, count=4)
    expected = images.clone()
    expected[[0, 3]] = images[[0, 3]][..., [4, 3, 2, 1, 0]]
    assert torch.equal(flip(images, torch.tensor([True, False, False, True])), expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("side", [1, 2, 3, 4, 16])
def test_the_cutout_equals_the_loop_over_images_at_every_centre(generator, dtype, side):
    rows, columns = torch.cartesian_prod(torch.arange(6), torch.arange(5)).T
    images = some_images(generator, dtype, count=30)
    blotted = cutout(images, side, rows, columns)
    assert blotted.dtype == dtype
    assert torch.equal(blotted, slow_cutout(images, side, rows, columns))


@pytest.mark.parametrize(("side", "row", "column", "blank"), [(2, 3, 2, 4), (3, 3, 2, 9), (2, 0, 0, 1), (3, 5, 4, 4)])
def test_a_cutout_has_its_full_side_but_for_the_border(side, row, column, blank):
    images = torch.ones(1, 1, 6, 5)
    assert (cutout(images, side, torch.tensor([row]), torch.tensor([column])) == 0).sum() == blank


def test_the_choices_are_evenly_spread_over_all_there_are():
    drawn = draw(3000)
    for name, places in {"tops": 5, "lefts": 5, "flipped": 2, "rows": 6, "columns": 5}.items():
        counts = getattr(drawn, name).long().bincount()
        assert len(counts) == places
        # Five standard deviations of a count.
        assert (counts - 3000 / places).abs().max() < 5 * (3000 / places) ** 0.5


def test_images_and_kinds_of_choice_are_independent():
    drawn = draw(3000)
    choices = torch.stack([getattr(drawn, name).double() for name in CHOICES])
    assert (choices.corrcoef() - torch.eye(5)).abs().max() < 0.1
    neighbours = [torch.stack([each[1:], each[:-1]]).corrcoef()[0, 1] for each in choices]
    assert max(neighbours) < 0.1


def test_applying_crops_then_flips_then_cuts_out_and_leaves_the_input_alone(generator):
    images, drawn = some_images(generator, count=20), draw(20)
    before = images.clone()
    expected = flip(slow_crop(images, 2, drawn.tops, drawn.lefts), drawn.flipped)
    assert torch.equal(drawn.apply(images), slow_cutout(expected, 3, drawn.rows, drawn.columns))
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        ({"crop_padding": 0}, {"tops", "lefts"}),
        ({"flip": False}, {"flipped"}),
        ({"cutout": 0}, {"rows", "columns"}),
        ({"crop_padding": 0, "flip": False, "cutout": 0}, set(CHOICES)),
    ],
)
def test_what_the_recipe_switches_off_is_neither_drawn_nor_done(changes, absent, generator):
    drawn, images = draw(4, **changes), some_images(generator, count=4)
    assert {field.name for field in fields(drawn) if getattr(drawn, field.name) is None} == absent
    assert torch.equal(drawn.apply(images), images) == (absent == set(CHOICES))
    assert torch.equal(drawn.rows_of(slice(1, 3)).apply(images[1:3]), drawn.apply(images)[1:3])


def test_rows_augment_as_they_would_in_the_whole_batch(generator):
    images, drawn = some_images(generator, count=10), draw(10)
    cuts = [slice(0, 3), slice(3, 7), slice(7, 10)]
    pieces = [drawn.rows_of(cut).apply(images[cut]) for cut in cuts]
    assert torch.equal(torch.cat(pieces), drawn.apply(images))


def test_the_same_generator_state_draws_the_same_choices():
    first, second, other = draw(20, seed=5), draw(20, seed=5), draw(20, seed=6)
    for name in CHOICES:
        assert torch.equal(getattr(first, name), getattr(second, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


def test_nothing_waits_for_the_device():
    """Tensors of the meta device hold no values, so code that asks for one fails there."""
    drawn = draw(4)
    there = replace(drawn, **{name: getattr(drawn, name).to("meta") for name in CHOICES})
    assert there.apply(torch.zeros((4, *SHAPE), dtype=torch.uint8, device="meta")).shape == (4, *SHAPE)
