"""Common corruptions (Hendrycks and Dietterich 2019) of a test set: noise, blur, weather, at several severities.

They lie in one ``.npz`` file or in a folder of ``.npy`` files as CIFAR-10-C was published: an array ``labels``, and for
each corruption an array of its name with the images of all severities, the mildest first.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from rcnas_zoo.datasets.arrays import Array, to_images
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.npz import check_whole
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import InvalidInput

LABELS = "labels"
PUBLISHED_SEVERITIES = 5
_WAY_OUT = f"give an .npz file, or a folder of .npy files, with {LABELS} and an array a corruption"

Shape = tuple[int, ...]
Opener = Callable[[str], IO[bytes]]


class Corruptions(Mapping[str, tuple[Images, ...]]):
    """The corruptions of a test set by name: the images of each severity, from 1 on. Made by `load_corruptions`.

    Images are read whenever they are asked for and not kept, so that one corruption at a time is in memory.

    Raises:
        NotFound, InvalidInput: when images are asked for, if the files are gone or damaged.
    """

    def __init__(self, path: Path, labels: Array, severities: Mapping[str, int]) -> None:
        self._path = path
        self._labels = labels
        self._severities = dict(severities)

    def __getitem__(self, name: str) -> tuple[Images, ...]:
        count = self._severities[name]
        with _opened(self._path) as (_, opener), opener(name) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
        size = len(array) // count
        return tuple(
            to_images(array[size * place : size * (place + 1)], self._labels[:size], self._what(name, place + 1))
            for place in range(count)
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._severities)

    def __len__(self) -> int:
        return len(self._severities)

    def _what(self, name: str, severity: int) -> str:
        return f"severity {severity} of {name} in {self._path}"


def load_corruptions(
    path: Path, shape: Shape | None, classes: int | None, severities: int | None = None
) -> Corruptions:
    """The corruptions in a file or folder: labels and all sizes are checked now, pixels when they are read.

    An array with several times as many images as there are labels has as many severities. Where there is a label for
    each image, as in CIFAR-10-C, there are five severities if the labels are five times the same, else one.

    Args:
        path: an ``.npz`` file or a folder.
        shape: (C, H, W) of one image; None takes any, the same for all corruptions.
        classes: number of classes; labels are 0 to classes - 1; None takes any number.
        severities: of every corruption, for labels that stand there another number of times; None finds it out.

    Returns:
        Name to the images of each severity; names of a folder in alphabetical order, of a file in the file's.

    Raises:
        NotFound: the file, the folder or its labels are absent.
        InvalidInput: a damaged file, no corruption, arrays of another type or shape, labels out of range, or numbers of
            images and labels that do not fit.
    """
    if severities is not None:
        check_integer("the number of severities", severities, 1)
    with _opened(path) as (names, opener):
        labels = _read_labels(opener, names, path, classes)
        counts: dict[str, int] = {}
        for name in names:
            if name != LABELS:
                rows, shape = _check_header(opener, name, shape, f"the images of {name} in {path}")
                counts[name] = _count_severities(rows, labels, severities, f"the images of {name} in {path}")
    if not counts:
        raise InvalidInput(f"{path} must hold at least one corruption beside {LABELS}, got none")
    return Corruptions(path, labels, counts)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[list[str], Opener]]:
    """The names of the arrays, and what opens one of them."""
    with reading(str(path), _WAY_OUT):
        if path.is_dir():
            yield sorted(file.stem for file in path.glob("*.npy")), lambda name: (path / f"{name}.npy").open("rb")
            return
        check_whole(path)
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
            yield names, lambda name: archive.open(f"{name}.npy")


def _read_labels(opener: Opener, names: list[str], path: Path, classes: int | None) -> Array:
    if LABELS not in names and path.is_file():
        raise InvalidInput(f"{path} must hold the array {LABELS}, got {', '.join(names)[:200] or 'nothing'}")
    with opener(LABELS) as file:
        labels: Array = np.lib.format.read_array(file, allow_pickle=False)
    what = f"the {LABELS} in {path}"
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not len(labels):
        raise InvalidInput(f"{what} must be integers (n,), at least one, got {labels.dtype} of shape {labels.shape}")
    if labels.min() < 0 or (classes is not None and labels.max() >= classes):
        wanted = "at least 0" if classes is None else f"0 to {classes - 1}"
        raise InvalidInput(f"{what} must be {wanted}, got {labels.min()} to {labels.max()}")
    return labels


def _check_header(opener: Opener, name: str, shape: Shape | None, what: str) -> tuple[int, Shape]:
    """The number of images in an array and the (C, H, W) of one, from its header alone."""
    with opener(name) as file:
        found, _, dtype = _read_header(file)
    if shape is None:
        if len(found) not in (3, 4) or 0 in found:
            raise InvalidInput(f"{what} must be uint8 (n, height, width, channels), got {dtype} {found}")
        shape = (*found[3:], 1)[:1] + found[1:3]
    channels, height, width = shape
    wanted = [(height, width, channels)] + [(height, width)] * (channels == 1)
    if dtype != np.uint8 or found[1:] not in wanted or not found[0]:
        raise InvalidInput(f"{what} must be uint8 (n, {', '.join(map(str, wanted[0]))}), got {dtype} {found}")
    return found[0], shape


def _read_header(file: IO[bytes]) -> tuple[Shape, bool, "np.dtype[np.generic]"]:
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise InvalidInput(f"arrays must be in the .npy format 1.0 or 2.0, got {version}")
    return readers[version](file)


def _count_severities(rows: int, labels: Array, asked: int | None, what: str) -> int:
    times, rest = divmod(rows, len(labels))
    if rest or not times:
        raise InvalidInput(f"{what} must be as many as the {LABELS} or a multiple, got {rows} and {len(labels)} labels")
    if times == 1:
        times = asked or (PUBLISHED_SEVERITIES if _repeats(labels, PUBLISHED_SEVERITIES) else 1)
        if not _repeats(labels, times):
            raise InvalidInput(f"{what} have a label each, which must repeat {times} times for {times} severities")
    if asked not in (None, times):
        raise InvalidInput(f"{what} must have {asked} severities, got {times} images a label")
    return times


def _repeats(labels: Array, times: int) -> bool:
    size, rest = divmod(len(labels), times)
    return not rest and bool((labels.reshape(times, size) == labels[:size]).all())
