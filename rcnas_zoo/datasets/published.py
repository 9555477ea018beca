"""The published data sets, read from under a data root and fetched there on request."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rcnas_zoo.datasets import cifar, fashion_mnist, svhn, tiny_imagenet
from rcnas_zoo.datasets.dataset import Split
from rcnas_zoo.datasets.fetching import fetch
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.reading import reading
from rcnas_zoo.spec.errors import NotFound

_READERS: dict[str, Callable[[Path, Split], Images]] = {
    "cifar10": partial(cifar.read, cifar.CIFAR10),
    "cifar100": partial(cifar.read, cifar.CIFAR100),
    "fashion-mnist": fashion_mnist.read,
    "svhn": svhn.read,
    "tiny-imagenet": tiny_imagenet.read,
}


def read(name: str, root: Path, download: bool, split: Split) -> Images:
    """One split of a published data set, from the files of that split alone.

    No checksum is asked: a copy made anew is as good, and the digest of the images is what identifies it.

    Raises:
        NotFound: files are absent and ``download`` is off.
        InvalidInput: files are damaged.
        Unavailable: the download failed.
    """
    try:
        return _read(name, root, split)
    except NotFound:
        if not download:
            raise
    fetch(name, root)
    return _read(name, root, split)


def _read(name: str, root: Path, split: Split) -> Images:
    with reading(f"the data set {name}", f"add --download, or unpack it under {root}, or point --data-root at it"):
        return _READERS[name](root, split)
