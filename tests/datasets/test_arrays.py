"""`to_images`: arrays come in unchanged, or are refused with their dtype, shape or range."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.spec.errors import InvalidInput

SIDES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
SHAPES = SIDES | st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4))
PIXELS = np.zeros((2, 3, 4), dtype=np.uint8)
LABELS = np.array([0, 1])


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)), st.sampled_from(["u1", "i2", "<i4", ">i8", "u8"]))
def test_every_pixel_lands_in_its_place(pixels, label_type):
    labels = np.arange(len(pixels)).astype(label_type)
    images = to_images(pixels, labels, "x")
    channels_last = images.images.permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(channels_last.reshape(pixels.shape), pixels)
    assert images.labels.tolist() == list(range(len(pixels)))
    assert images.images.is_contiguous()


def test_read_only_arrays_are_copied():
    pixels = np.frombuffer(bytes(range(24)), dtype=np.uint8).reshape(2, 3, 4)
    images = to_images(pixels, LABELS, "x")
    images.images.zero_()
    assert pixels.sum() == sum(range(24))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (
            np.array([[[-1.2, 3.0]]]),
            r"images in x must be uint8 0\.\.255, got float64 in \[-1\.2, 3\]; store pixels as",
        ),
        (np.array([[[0.0, 1.0]]], dtype=np.float32), r"must be uint8 0\.\.255, got float32 in \[0, 1\]"),
        (np.array([[[np.nan, 1.0]]]), r"must be uint8 0\.\.255, got float64 in \[nan, nan\]"),
        (np.array([[[0, 300]]]), r"must be uint8 0\.\.255, got int64 in \[0, 300\]"),
        (np.array([[["a"]]]), r"must be uint8 0\.\.255, got <U1; store"),
        (np.zeros((0, 2, 2)), r"must be uint8 0\.\.255, got float64; store"),
        (PIXELS[0], r"shape \(N, H, W\) or \(N, H, W, C\), got \(3, 4\)"),
        (PIXELS[None, None], r"shape \(N, H, W\) or \(N, H, W, C\), got \(1, 1, 2, 3, 4\)"),
        (PIXELS[:0], r"at least one, of at least one pixel, got the shape \(0, 3, 4\)"),
        (PIXELS[:, :0], r"at least one, of at least one pixel, got the shape \(2, 0, 4\)"),
        (np.zeros((2, 3, 32, 32), np.uint8), r"channels last, \(N, H, W, C\), got the shape \(2, 3, 32, 32\)"),
    ],
)
def test_refuses_pixels(pixels, message):
    with pytest.raises(InvalidInput, match=message):
        to_images(pixels, LABELS, "x")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0.0, 1.5]), r"labels in x must be integers, got float64 in \[0, 1\.5\]"),
        (np.array([True, False]), r"labels in x must be integers, got bool in \[0, 1\]"),
        (np.array(["cat", "dog"]), "labels in x must be integers, got <U3"),
        (np.eye(2, dtype=int), r"labels in x must have the shape \(N,\), got \(2, 2\)"),
        (np.array([-1, 1]), r"must be class numbers from 0, got \[-1, 1\]"),
        (np.array([0, 2**63], dtype=np.uint64), r"must be class numbers from 0, got \[0, 9\.22337e\+18\]"),
        (np.array([0, 1, 1]), "equally many, got 2 images and 3 labels"),
        (np.array([], dtype=int), "equally many, got 2 images and 0 labels"),
    ],
)
def test_refuses_labels(labels, message):
    with pytest.raises(InvalidInput, match=message):
        to_images(PIXELS, labels, "x")


def test_many_channels_pass_where_they_cannot_be_channels_first():
    assert to_images(np.zeros((1, 8, 8, 12), np.uint8), LABELS[:1], "x").shape == (12, 8, 8)
    assert to_images(PIXELS, LABELS, "x").images.dtype == torch.uint8
