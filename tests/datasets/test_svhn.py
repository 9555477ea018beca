"""``svhn``: MATLAB files whose class 10 is the digit 0."""

import numpy as np
import pytest
from scipy.io import savemat

from rcnas_zoo.datasets.svhn import read
from tests.datasets.samples import random_pixels


@pytest.mark.parametrize("split", ["train", "test"])
def test_images_and_digits_of_a_split(tmp_path, split):
    pixels = random_pixels(4, 32, 32, 3)
    labels = np.array([[1], [10], [9], [10]], dtype=np.uint8)
    savemat(tmp_path / f"{split}_32x32.mat", {"X": pixels.transpose(1, 2, 3, 0), "y": labels})
    images = read(tmp_path, split)
    np.testing.assert_array_equal(images.images.permute(0, 2, 3, 1).numpy(), pixels)
    assert images.labels.tolist() == [1, 0, 9, 0]
