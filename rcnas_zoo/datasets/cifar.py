"""``cifar10`` and ``cifar100`` in the layout that torchvision unpacks.

The published files are pickles. torchvision trusts them by their md5, which a copy made anew does not have. We read
them with an unpickler that knows how to make numpy arrays and nothing else, so that any copy will do and none can run
code.
"""

import codecs
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images


@dataclass(frozen=True)
class Layout:
    """The files of one of the two sets, and the key of its labels."""

    folder: str
    files: dict[Split, tuple[str, ...]]
    labels: str


CIFAR10 = Layout(
    "cifar-10-batches-py",
    {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)},
    "labels",
)
CIFAR100 = Layout("cifar-100-python", {"train": ("train",), "test": ("test",)}, "fine_labels")


def read(layout: Layout, root: Path, split: Split) -> Images:
    """One split, from the files of that split alone; labels of CIFAR-100 are the 100 fine ones."""
    batches = [_read_batch(root / layout.folder / name) for name in layout.files[split]]
    planes = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([np.asarray(batch[layout.labels]) for batch in batches])
    return to_images(planes.transpose(0, 2, 3, 1), labels, f"the {split} split of {root / layout.folder}")


def _read_batch(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        batch: dict[str, Any] = _ArraysOnly(file, encoding="latin1").load()
    return batch


_rebuild_array = np.empty(0).__reduce__()[0]  # numpy moved this function between versions; pickles name both places
_KNOWN = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): _rebuild_array,
    ("numpy._core.multiarray", "_reconstruct"): _rebuild_array,
    ("_codecs", "encode"): codecs.encode,
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"a data file must hold arrays and lists only, got {module}.{name}")
        return _KNOWN[module, name]
