"""``npz:FILE``: the user's own arrays in one file, as ``numpy.savez`` writes it."""

import zipfile
from pathlib import Path

import numpy as np

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.spec.errors import InvalidInput

KEYS = ("train_images", "train_labels", "test_images", "test_labels")


def read(path: Path, split: Split) -> Images:
    """One split of the file; the arrays of the other are not read.

    Raises:
        NotFound: no such file.
        InvalidInput: a damaged file, a missing array, or arrays of another dtype or shape than `to_images` takes.
    """
    with reading(str(path), "give the path of an .npz file"):
        check_whole(path)
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive]
            if missing:
                raise InvalidInput(f"{path} must hold the arrays {', '.join(KEYS)}, got no {missing[0]}")
            images, labels = (archive[f"{split}_{part}"] for part in ("images", "labels"))
    if not isinstance(images, np.ndarray) or not isinstance(labels, np.ndarray):
        raise InvalidInput(f"{path} must hold arrays as numpy.savez writes them, got other bytes")
    return to_images(images, labels, f"the {split} split of {path}")


def check_whole(path: Path) -> None:
    """The file has the table of contents of a zip.

    Raises:
        InvalidInput: it has none.
    """
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):  # the table of contents stands at the end: a file cut off has none
            raise InvalidInput(f"{path} must be a whole .npz file as numpy.savez writes it, got one cut off or no zip")
