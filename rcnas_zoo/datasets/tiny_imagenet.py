"""``tiny-imagenet`` in its published folder; its labelled validation part is our test split.

The published test part has no labels, and the field reports accuracy on the validation part.
"""

from pathlib import Path

import numpy as np

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.folder import subfolders
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.pictures import read_pictures
from rcnas_zoo.spec.errors import InvalidInput

FOLDER = "tiny-imagenet-200"


def read(root: Path, split: Split) -> Images:
    """One split; classes are numbered in the sorted order of their WordNet ids."""
    folder = root / FOLDER
    pictures = _train(folder) if split == "train" else _test(folder)
    if not pictures:
        raise InvalidInput(f"{folder} must hold pictures of its {split} split, got none")
    pixels = read_pictures([path for path, _ in pictures], "RGB")
    return to_images(pixels, np.array([label for _, label in pictures]), f"the {split} split of {folder}")


def _train(folder: Path) -> list[tuple[Path, int]]:
    return [
        (path, label)
        for label, name in enumerate(subfolders(folder / "train"))
        for path in sorted((folder / "train" / name / "images").glob("*.JPEG"))
    ]


def _test(folder: Path) -> list[tuple[Path, int]]:
    numbers = {name: label for label, name in enumerate(subfolders(folder / "train"))}
    annotations = folder / "val" / "val_annotations.txt"
    pictures = []
    for line in annotations.read_text().splitlines():
        file, name = [*line.split("\t"), ""][:2]
        if name not in numbers:
            raise InvalidInput(f"each line of {annotations} must be a file name, a tab and a class, got {line!r}")
        pictures.append((folder / "val" / "images" / file, numbers[name]))
    return pictures
