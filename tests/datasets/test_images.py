"""`Images`: values, selection, identity, and what it refuses."""

import hashlib
import struct

import pytest
import torch

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import InvalidInput


def ramp(count: int = 3, levels: int = 255) -> Images:
    pixels = torch.arange(count * 4, dtype=torch.uint8).reshape(count, 1, 2, 2)
    return Images(pixels, torch.arange(count), levels)


def test_floats_are_pixels_over_levels():
    images = Images(torch.tensor([[[[0, 4], [8, 16]]]], dtype=torch.uint8), torch.tensor([0]), levels=16)
    assert images.floats().dtype == torch.float32
    assert images.floats().tolist() == [[[[0.0, 0.25], [0.5, 1.0]]]]


def test_255_levels_end_at_one():
    images = Images(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), torch.tensor([0]))
    assert images.floats().flatten().tolist() == [0.0, 1.0]


def test_shape_and_length():
    assert (ramp().shape, len(ramp())) == ((1, 2, 2), 3)


@pytest.mark.parametrize("indices", [[2, 0], torch.tensor([2, 0])])
def test_select_keeps_the_order_asked_for(indices):
    chosen = ramp(levels=40).select(indices)
    assert chosen.labels.tolist() == [2, 0]
    assert chosen.images.flatten().tolist() == [8, 9, 10, 11, 0, 1, 2, 3]
    assert chosen.levels == 40


def test_select_of_nothing_is_empty():
    assert len(ramp().select([])) == 0


def test_digest_is_sha256_of_shape_levels_pixels_and_labels():
    content = b"(3, 1, 2, 2) 255 " + bytes(range(12)) + struct.pack("<3q", 0, 1, 2)
    assert ramp().digest == hashlib.sha256(content).hexdigest()


def test_digest_of_a_strided_view_is_that_of_its_content():
    view = Images(ramp().images.transpose(2, 3), ramp().labels)
    copy = Images(ramp().images.transpose(2, 3).contiguous(), ramp().labels)
    assert view.digest == copy.digest != ramp().digest


def test_digest_tells_order_labels_levels_and_shape_apart():
    images = ramp()
    others = [
        images.select([0, 2, 1]),
        Images(images.images, images.labels.flip(0)),
        ramp(levels=254),
        Images(images.images.reshape(3, 1, 1, 4), images.labels),
    ]
    assert len({images.digest, *(other.digest for other in others)}) == 5


@pytest.mark.parametrize(
    ("pixels", "labels", "levels", "message"),
    [
        (torch.zeros(2, 1, 2, 2), torch.zeros(2).long(), 255, r"images must be uint8 .* got float32 of shape \(2, 1"),
        (torch.zeros(2, 2, 2).byte(), torch.zeros(2).long(), 255, r"shape \(N, C, H, W\), got uint8 of shape \(2, 2"),
        (torch.zeros(2, 1, 2, 2).byte(), torch.zeros(2), 255, r"labels must be int64 of shape \(N,\), got float32"),
        (torch.zeros(2, 1, 2, 2).byte(), torch.zeros(2, 1).long(), 255, r"labels must be int64 .* got int64 of shape"),
        (torch.zeros(2, 1, 2, 2).byte(), torch.zeros(3).long(), 255, "equally many, got 2 images and 3 labels"),
        (torch.full((1, 1, 1, 1), 17).byte(), torch.zeros(1).long(), 16, "values must be at most 16, got 17"),
        (torch.zeros(1, 1, 1, 1).byte(), torch.zeros(1).long(), 256, "levels of images must be 1 to 255, got 256"),
    ],
)
def test_refuses_what_is_not_labelled_images(pixels, labels, levels, message):
    with pytest.raises(InvalidInput, match=message):
        Images(pixels, labels, levels)
