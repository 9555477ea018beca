"""``digits``: what scikit-learn ships, cut in two for good."""

import numpy as np
import torch
from sklearn.datasets import load_digits

from rcnas_zoo.datasets.digits import read

TRAIN_DIGEST = "8eef70a9ef9a7c5963b9e700981ce38a45b8113b9caf244624ff05c4778e6bc6"
TEST_DIGEST = "f036a480bedd14953efd70127fd780d32a37fbafc2e815631d26bf8e7f0e73b2"


def test_the_split_never_changes():
    assert (read("train").digest, read("test").digest) == (TRAIN_DIGEST, TEST_DIGEST)


def test_sizes_levels_and_shape():
    train, test = read("train"), read("test")
    assert (len(train), len(test)) == (1437, 360)
    assert (train.levels, train.shape) == (16, (1, 8, 8))
    assert float(train.floats().max()) == 1.0


def test_the_two_parts_are_the_published_images_and_labels():
    parts = [read("train"), read("test")]
    ours = torch.cat([torch.cat([p.images.flatten(1), p.labels[:, None].byte()], dim=1) for p in parts]).numpy()
    published = load_digits()
    theirs = np.column_stack([published.data, published.target]).astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, theirs))


def test_every_class_has_a_fifth_in_the_test_part():
    whole = np.bincount(load_digits().target)
    test = read("test").labels.bincount().numpy()
    assert np.abs(test - whole / 5).max() < 1
