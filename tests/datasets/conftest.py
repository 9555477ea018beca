"""A small data set as the user's own arrays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.samples import random_pixels

Arrays = dict[str, np.ndarray]


@pytest.fixture
def arrays() -> Arrays:
    """Two classes of 4x3 colour images: six to train on, four to test on."""
    return {
        "train_images": random_pixels(6, 4, 3, 3),
        "train_labels": np.array([0, 1, 0, 1, 1, 0]),
        "test_images": random_pixels(4, 4, 3, 3, seed=1),
        "test_labels": np.array([1, 0, 1, 0]),
    }


@pytest.fixture
def npz(arrays: Arrays, tmp_path: Path) -> Callable[..., Path]:
    """Writes the arrays, some replaced, or left out where None stands."""

    def write(**changes: Any) -> Path:
        path = tmp_path / "mine.npz"
        np.savez(path, **{key: value for key, value in {**arrays, **changes}.items() if value is not None})
        return path

    return write
