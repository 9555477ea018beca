"""Every test is a slice that begins now."""

import time

import numpy as np
import pytest
from PIL import Image

from benchmarks.gpu import slices
from benchmarks.gpu.__main__ import main

SIDE = 32


@pytest.fixture(autouse=True)
def slice_begins(monkeypatch):
    monkeypatch.setattr(slices, "STARTED", time.monotonic())


@pytest.fixture
def run(capsys):
    """Runs a command; its exit code, stdout and stderr."""

    def go(*words):
        code = main([str(word) for word in words])
        return (code, *capsys.readouterr())

    return go


@pytest.fixture
def strips(tmp_path):
    """A folder of strips: 80 training images of ten classes in four strips, 20 test images in two; and their arrays."""
    source, folder = np.random.default_rng(0), tmp_path / "strips"
    folder.mkdir()
    arrays = {}
    for split, count, each in (("train", 80, 20), ("test", 20, 10)):
        images = source.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
        for number in range(count // each):
            strip = images[number * each : (number + 1) * each].reshape(each * SIDE, SIDE, 3)
            Image.fromarray(strip).save(folder / f"{split}_{number:03}.webp", lossless=True)
        arrays[split] = (images, np.arange(count) % 10)
    np.savez(folder / "labels.npz", **{split: labels for split, (_, labels) in arrays.items()})
    return folder, arrays
