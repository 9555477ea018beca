"""``svhn``: street view house numbers, in the files that torchvision fetches."""

from pathlib import Path

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images


def read(root: Path, split: Split) -> Images:
    """One split, from its own file alone."""
    from scipy.io import loadmat

    path = root / f"{split}_32x32.mat"
    with path.open("rb") as file:
        content = loadmat(file)
    labels = content["y"][:, 0] % 10  # the files call the digit 0 class 10
    return to_images(content["X"].transpose(3, 0, 1, 2), labels, f"the {split} split of {path}")
