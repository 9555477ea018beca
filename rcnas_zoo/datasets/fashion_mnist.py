"""``fashion-mnist`` in the layout that torchvision unpacks."""

from pathlib import Path

from rcnas_zoo.datasets.arrays import to_images
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.images import Images

_STEMS: dict[Split, str] = {"train": "train", "test": "t10k"}


def read(root: Path, split: Split) -> Images:
    """One split, from the two files of that split alone."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    folder = root / "FashionMNIST" / "raw"
    images = read_image_file(str(folder / f"{_STEMS[split]}-images-idx3-ubyte"))
    labels = read_label_file(str(folder / f"{_STEMS[split]}-labels-idx1-ubyte"))
    return to_images(images.numpy(), labels.numpy(), f"the {split} split of {folder}")
