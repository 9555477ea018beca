"""``fashion-mnist``: idx files, written here by their published format."""

import struct

import numpy as np

from rcnas_zoo.datasets.fashion_mnist import read
from tests.datasets.samples import random_pixels


def write_idx(path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.tobytes())


def test_each_split_is_read_from_its_own_two_files(tmp_path):
    folder = tmp_path / "FashionMNIST" / "raw"
    for split, stem in (("train", "train"), ("test", "t10k")):
        pixels, labels = random_pixels(3, 28, 28, seed=len(stem)), np.array([2, 0, 9], dtype=np.uint8)
        write_idx(folder / f"{stem}-images-idx3-ubyte", pixels)
        write_idx(folder / f"{stem}-labels-idx1-ubyte", labels)
        images = read(tmp_path, split)
        np.testing.assert_array_equal(images.images[:, 0].numpy(), pixels)
        assert images.labels.tolist() == [2, 0, 9]
        assert images.shape == (1, 28, 28)
