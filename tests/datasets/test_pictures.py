"""Image files: grey and coloured, whole and damaged."""

import numpy as np
import pytest
from PIL import Image

from rcnas_zoo.datasets.pictures import common_mode, read_pictures
from rcnas_zoo.spec.errors import InvalidInput, NotFound
from tests.datasets.samples import random_pixels, write_pictures

GREY = random_pixels(5, 4)
COLOUR = random_pixels(5, 4, 3)


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp"])
def test_colour_pictures_come_out_as_they_went_in(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(COLOUR).save(path, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_pictures([path], "RGB"), COLOUR[None])


def test_grey_pictures_stay_grey_or_become_coloured(tmp_path):
    write_pictures(tmp_path, {"a.png": GREY})
    np.testing.assert_array_equal(read_pictures([tmp_path / "a.png"], "L"), GREY[None])
    np.testing.assert_array_equal(read_pictures([tmp_path / "a.png"], "RGB"), np.stack([GREY] * 3, axis=-1)[None])


def test_palettes_and_transparency_are_resolved(tmp_path):
    four = np.dstack([COLOUR, GREY])
    write_pictures(tmp_path, {"alpha.png": four})
    Image.fromarray(COLOUR).quantize(20).save(tmp_path / "palette.png")
    pixels = read_pictures([tmp_path / "alpha.png", tmp_path / "palette.png"], "RGB")
    np.testing.assert_array_equal(pixels, np.stack([COLOUR, COLOUR]))


def test_the_common_mode_is_grey_only_if_all_are(tmp_path):
    write_pictures(tmp_path, {"a.png": GREY, "b.png": COLOUR})
    assert common_mode([tmp_path / "a.png"]) == "L"
    assert common_mode([tmp_path / "a.png", tmp_path / "b.png"]) == "RGB"


def test_sizes_must_be_equal(tmp_path):
    write_pictures(tmp_path, {"a.png": GREY, "b.png": GREY.T})
    with pytest.raises(InvalidInput, match=r"one size, got 4x5 in .*a\.png and 5x4 in .*b\.png"):
        read_pictures([tmp_path / "a.png", tmp_path / "b.png"], "L")


def test_colour_among_grey_training_pictures_is_refused(tmp_path):
    write_pictures(tmp_path, {"a.png": COLOUR})
    with pytest.raises(InvalidInput, match=r"a\.png must be grey like the training pictures, got mode RGB"):
        read_pictures([tmp_path / "a.png"], "L")


def test_more_than_eight_bits_are_refused(tmp_path):
    write_pictures(tmp_path, {"deep.png": GREY.astype(np.uint16) * 200})
    with pytest.raises(InvalidInput, match=r"deep\.png must be 8 bits a channel, .*, got mode I"):
        read_pictures([tmp_path / "deep.png"], "RGB")


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_damaged_picture_is_named(tmp_path, keep):
    write_pictures(tmp_path, {"a.png": COLOUR})
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:keep])
    with pytest.raises(InvalidInput, match=r"the picture .*a\.png must be readable and whole"):
        read_pictures([tmp_path / "a.png"], "RGB")


def test_an_absent_picture_is_not_found(tmp_path):
    with pytest.raises(NotFound, match=r"the picture .*a\.png must exist"):
        read_pictures([tmp_path / "a.png"], "RGB")
