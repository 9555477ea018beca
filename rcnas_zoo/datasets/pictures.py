"""Image files, all of one size, as one array."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from rcnas_zoo.datasets.arrays import Array
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.spec.errors import InvalidInput

if TYPE_CHECKING:
    from PIL.Image import Image

Mode = Literal["L", "RGB"]

_GREY = ("1", "L", "LA")
_COLOUR = ("P", "RGB", "RGBA", "CMYK", "YCbCr")


def common_mode(paths: Sequence[Path]) -> Mode:
    """``L`` if every picture is grey, else ``RGB``; reads the heads of the files only."""
    from PIL import Image

    for path in paths:
        with _reading(path), Image.open(path) as picture:
            if picture.mode not in _GREY:
                return "RGB"
    return "L"


def read_pictures(paths: Sequence[Path], mode: Mode) -> Array:
    """The pictures as uint8 (N, H, W) or (N, H, W, 3); grey ones become coloured, transparency is dropped.

    Raises:
        NotFound: a file is absent.
        InvalidInput: a damaged file, sizes that differ, more than 8 bits a channel, or colour where ``L`` is asked.
    """
    first = _pixels(paths[0], mode)
    stack = np.empty((len(paths), *first.shape), dtype=np.uint8)
    for index, path in enumerate(paths):
        pixels = _pixels(path, mode)
        if pixels.shape != first.shape:
            raise InvalidInput(
                f"all pictures must have one size, got {_size(first)} in {paths[0]} and {_size(pixels)} in {path}"
            )
        stack[index] = pixels
    return stack


def _pixels(path: Path, mode: Mode) -> Array:
    from PIL import Image

    with _reading(path), Image.open(path) as picture:
        return np.asarray(_converted(picture, mode, path))


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"the picture {path}", "put it back")


def _converted(picture: "Image", mode: Mode, path: Path) -> "Image":
    allowed = _GREY if mode == "L" else _GREY + _COLOUR
    if picture.mode not in allowed:
        why = "grey like the training pictures" if mode == "L" else "8 bits a channel, grey or coloured"
        raise InvalidInput(f"the picture {path} must be {why}, got mode {picture.mode}")
    return picture.convert(mode)


def _size(pixels: Array) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
