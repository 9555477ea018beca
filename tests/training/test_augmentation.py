"""Crops and flips of a batch against a slow loop over its images."""

import pytest
import torch

from rcnas_zoo.training.augmentation import crop, random_crop, random_flip


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


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize(("padding", "shape"), [(1, (1, 8, 8)), (4, (3, 5, 7)), (0, (2, 4, 4))])
def test_the_crop_equals_the_loop_over_images(generator, dtype, padding, shape):
    images = torch.randint(1, 255, (6, *shape), generator=generator).to(dtype)
    tops, lefts = torch.randint(2 * padding + 1, (2, 6), generator=generator)
    cropped = crop(images, padding, tops, lefts)
    assert cropped.dtype == dtype
    assert torch.equal(cropped, slow_crop(images, padding, tops, lefts))


def test_random_crops_reach_every_offset_and_differ_between_images(generator):
    images = torch.zeros(400, 1, 5, 5, dtype=torch.uint8)
    images[:, :, 2, 2] = 9
    places = random_crop(images, 2, generator).flatten(1).argmax(1)
    assert set(places.tolist()) == set(range(25))


def test_a_random_flip_is_the_image_or_its_mirror(generator):
    images = torch.rand(300, 2, 3, 4, generator=generator)
    flipped = random_flip(images, generator)
    mirrored = 0
    for image, result in zip(images, flipped, strict=True):
        is_mirror = torch.equal(result, image[:, :, [3, 2, 1, 0]])
        assert is_mirror or torch.equal(result, image)
        mirrored += is_mirror
    assert 110 < mirrored < 190


@pytest.mark.parametrize("augment", [lambda x, g: random_crop(x, 2, g), random_flip])
def test_the_same_generator_state_gives_the_same_batch_and_leaves_the_input_alone(augment):
    images = torch.rand(20, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    before = images.clone()
    first, second, other = (augment(images, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(images, before)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
