"""Small data sets in the layouts that we read, with random pixels."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_pictures(root: Path, pictures: Mapping[str, np.ndarray]) -> Path:
    """Writes each array at its relative path; the suffix picks the format."""
    for name, pixels in pictures.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / name)
    return root


def write_cifar(folder: Path, names: list[str], label_key: str, classes: int) -> np.ndarray:
    """Writes batches of one image a class in CIFAR's layout; returns the pixels (N, 3, 32, 32) of all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = [random_pixels(classes, 3072, seed=index) for index in range(len(names))]
    for name, data in zip(names, batches, strict=True):
        (folder / name).write_bytes(pickle.dumps({"data": data, label_key: list(range(classes))}, protocol=2))
    return np.concatenate(batches).reshape(-1, 3, 32, 32)


def write_tiny_imagenet(root: Path, classes: int = 200) -> Path:
    """One grey JPEG a class in each split, the class number as its shade."""
    folder = root / "tiny-imagenet-200"
    lines = []
    for number in range(classes):
        shade = np.full((64, 64), number, dtype=np.uint8)
        train = f"train/n{number:08}/images/n{number:08}_0.JPEG"
        write_pictures(folder, {train: shade, f"val/images/val_{number}.JPEG": shade})
        lines.append(f"val_{number}.JPEG\tn{number:08}\t0\t0\t62\t62\n")
    (folder / "val" / "val_annotations.txt").write_text("".join(reversed(lines)))
    return folder
