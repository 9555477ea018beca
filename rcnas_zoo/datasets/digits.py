"""``digits``: 1,797 handwritten digits of 8x8 pixels that ship with scikit-learn; 1,437 train, 360 test."""

import numpy as np
import torch

from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.splits import split as split_images

LEVELS = 16
TEST_SIZE = 360
SPLIT_SEED = 0


def read(split: Split) -> Images:
    """One split of the digits; pixels 0..16. The set has no published split: ours is stratified and never changes."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = torch.from_numpy(digits.images.astype(np.uint8)).unsqueeze(1)
    everything = Images(pixels, torch.from_numpy(digits.target.astype(np.int64)), LEVELS)
    parts = split_images(everything, TEST_SIZE, SPLIT_SEED)
    return parts.train if split == "train" else parts.evaluation
