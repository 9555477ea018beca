"""``folder:DIR``: the user's own pictures in ``train/<class>/`` and ``test/<class>/``."""

from pathlib import Path

import numpy as np

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.pictures import common_mode, read_pictures
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.spec.errors import InvalidInput


def read(root: Path, split: Split) -> Images:
    """One split of the folder; classes are numbered in the sorted order of their names, pictures sorted within.

    The names of the class folders are compared at once; the pictures of the other split are not read. All pictures
    are taken as grey if all training pictures are.

    Raises:
        NotFound: no such folder, or no ``train`` or ``test`` in it.
        InvalidInput: classes that differ between the splits, a class without pictures, or what `read_pictures` refuses.
    """
    with reading(f"the folder {root}", "give a folder with train/<class>/ and test/<class>/"):
        names = _common_classes(root)
        train = [_pictures(root / "train" / name) for name in names]
        chosen = train if split == "train" else [_pictures(root / "test" / name) for name in names]
    mode = common_mode([path for paths in train for path in paths])
    pixels = read_pictures([path for paths in chosen for path in paths], mode)
    labels = np.repeat(np.arange(len(names)), [len(paths) for paths in chosen])
    return to_images(pixels, labels, f"the {split} split of {root}")


def _common_classes(root: Path) -> list[str]:
    train, test = subfolders(root / "train"), subfolders(root / "test")
    if train != test:
        name = min(set(train) ^ set(test))
        has = "train" if name in train else "test"
        raise InvalidInput(f"train and test in {root} must have the same classes, got {name!r} in {has} only")
    if not train:
        raise InvalidInput(f"{root / 'train'} must have a folder for each class, got none")
    return train


def subfolders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted; hidden ones are left out."""
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    from PIL import Image

    suffixes = Image.registered_extensions()
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.name[0] != ".")
    if not found:
        raise InvalidInput(f"each class folder must hold pictures (.png, .jpg, ...), got none in {folder}")
    return found
