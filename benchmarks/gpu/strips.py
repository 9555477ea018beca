"""A data set of lossless picture strips, cut into loads that travel one at a time, and put together again.

A folder of strips holds ``train_000.webp``, ``train_001.webp`` ... and ``test_000.webp`` ..., each many images of one
size, one under the other; their side is the width of a strip. ``labels.npz`` holds the integer arrays ``train`` and
``test``. What comes of it is ``<dataset>.npz``, which the project's own loader reads.
"""

import io
import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from rcnas_zoo.datasets.arrays import Array, to_images
from rcnas_zoo.datasets.pictures import read_pictures
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.execution.disk import write_whole
from rcnas_zoo.spec.canonical import canonical_json, check_mapping, check_text, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, NotFound

SPLITS = ("train", "test")
LABELS = "labels.npz"
LIST = "strips.json"
_TEXT_LIMIT = 1 << 20


def pack(source: Path, target: Path, load_size: int) -> list[Path]:
    """Copies a folder of strips into folders ``1``, ``2`` ... of at most ``load_size`` bytes; each has the whole list.

    Raises:
        NotFound: no strips, or no labels.
        InvalidInput: a file that is larger than a load, or a load that is there already.
    """
    files = [path for split in SPLITS for path in _strips(source, split)]
    with reading(f"the folder of strips {source}", "give the folder that holds labels.npz"):
        names = canonical_json({path.name: _hash(path) for path in [source / LABELS, *files]}).encode()
    folders = []
    for number, load in enumerate(_loads([source / LABELS, *files], load_size - len(names)), start=1):
        folder = target / str(number)
        if folder.exists():
            raise InvalidInput(f"a load must go to a new folder, got {folder}; remove it or name another --to")
        folder.mkdir(parents=True)
        for path in load:
            shutil.copyfile(path, folder / path.name)
        (folder / LIST).write_bytes(names)
        folders.append(folder)
    return folders


def unpack(load: Path, data: Path, dataset: str) -> list[str]:
    """Takes a load into ``data`` and, when all are there, writes ``<dataset>.npz``; the names that are still missing.

    Raises:
        NotFound: the load has no list of the strips.
        IntegrityError: a file that does not match the list, or the list of another data set.
        InvalidInput: damaged pictures or labels.
    """
    listed, kept = _listed(load), data / dataset
    _same_list(listed, kept)
    kept.mkdir(parents=True, exist_ok=True)
    for name in listed:
        if (load / name).is_file():
            write_whole(kept / name, _whole(load / name, listed[name]))
    write_whole(kept / LIST, canonical_json(listed).encode())
    if not (missing := missing_of(data, dataset)):
        write_whole(data / f"{dataset}.npz", _as_npz(kept))
    return missing


def missing_of(data: Path, dataset: str) -> list[str]:
    """The strips of a data set that have not arrived; empty where all have, or where none ever did."""
    kept = data / dataset
    return [name for name in _listed(kept) if not (kept / name).is_file()] if (kept / LIST).is_file() else []


def check_arrived(data: Path, dataset: str) -> None:
    """The strips of a data set are all there, if it came in strips.

    Raises:
        NotFound: some are missing.
    """
    if missing := missing_of(data, dataset):
        raise NotFound(
            f"all strips of {dataset} must be in {data}, but {len(missing)} are still missing, "
            f"{missing[0]} to {missing[-1]}; unpack the other load first"
        )


def _strips(folder: Path, split: str) -> list[Path]:
    found = sorted(folder.glob(f"{split}_*.webp"))
    if not found:
        raise NotFound(
            f"a folder of strips must hold {split}_000.webp, got none in {folder}; give the folder of one set"
        )
    return found


def _hash(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _loads(files: Sequence[Path], size: int) -> Iterator[list[Path]]:
    load: list[Path] = []
    used = 0
    for path in files:
        needed = path.stat().st_size
        if needed > size:
            raise InvalidInput(f"a load must hold {path.name} of {needed} bytes; raise --load-size")
        if load and used + needed > size:
            yield load
            load, used = [], 0
        load.append(path)
        used += needed
    yield load


def _listed(folder: Path) -> dict[str, str]:
    """Name to sha256; every name is that of a plain file in its folder."""
    path = folder / LIST
    if not path.is_file():
        raise NotFound(f"a load must hold {LIST}, got none in {folder}; make loads with: pack")
    found = check_mapping(f"the list {path}", parse_object(path.read_text()[:_TEXT_LIMIT], f"the list {path}"))
    for name in found:
        if Path(name).name != name or name.startswith(".") or "\\" in name:
            raise IntegrityError(f"a strip must be a plain file name, got {name!r} in {path}; make the loads again")
    return {name: check_text("a sha256", hashed) for name, hashed in found.items()}


def _same_list(listed: dict[str, str], kept: Path) -> None:
    if (kept / LIST).is_file() and _listed(kept) != listed:
        raise IntegrityError(f"all loads must be of one data set, this one is not of that in {kept}; clear it first")


def _whole(path: Path, hashed: str) -> bytes:
    content = path.read_bytes()
    if sha256(content).hexdigest() != hashed:
        raise IntegrityError(f"the strip {path.name} must match its sha256 in {LIST}, it does not; bring it again")
    return content


def _as_npz(folder: Path) -> bytes:
    arrays: dict[str, Any] = {}
    labels = reading(f"the labels in {folder}", "pack the data set again")
    with labels, np.load(folder / LABELS, allow_pickle=False) as archive:
        arrays.update({f"{split}_labels": archive[split].astype(np.int64) for split in SPLITS})
    for split in SPLITS:
        stack = np.concatenate([_images(path) for path in _strips(folder, split)])
        to_images(stack, arrays[f"{split}_labels"], f"the {split} strips in {folder}")
        arrays[f"{split}_images"] = stack
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def _images(path: Path) -> Array:
    """uint8 (n, side, side, 3) of a strip n times as high as wide."""
    strip: Array = read_pictures([path], "RGB")[0]
    height, side = strip.shape[:2]
    if height % side:
        raise InvalidInput(f"a strip must be some squares high, got {side}x{height} in {path}")
    return strip.reshape(-1, side, side, 3)
