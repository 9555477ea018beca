"""Downloads of the published data sets, each checked by torchvision against its published md5."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from rcnas_zoo.datasets.reading import brief
from rcnas_zoo.spec.errors import Unavailable

_TINY_IMAGENET = ("http://cs231n.stanford.edu/tiny-imagenet-200.zip", "90528d7ca1a48142e341f4ef8d21d0de")


def fetch(name: str, root: Path) -> None:
    """Downloads and unpacks a published data set under the root; what is there already is kept.

    Raises:
        Unavailable: the download failed.
    """
    try:
        with redirect_stdout(sys.stderr):  # a command's stdout holds its result and nothing else
            _FETCHERS[name](root)
    except Exception as error:
        raise Unavailable(
            f"the download of {name} must succeed, got {brief(error)}; try again, or unpack it under {root}"
        ) from error


def _fetch_cifar10(root: Path) -> None:
    from torchvision.datasets import CIFAR10

    CIFAR10(root, download=True)


def _fetch_cifar100(root: Path) -> None:
    from torchvision.datasets import CIFAR100

    CIFAR100(root, download=True)


def _fetch_fashion_mnist(root: Path) -> None:
    from torchvision.datasets import FashionMNIST

    FashionMNIST(root, download=True)


def _fetch_svhn(root: Path) -> None:
    from torchvision.datasets import SVHN

    SVHN(root, split="train", download=True)
    SVHN(root, split="test", download=True)


def _fetch_tiny_imagenet(root: Path) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    url, md5 = _TINY_IMAGENET
    download_and_extract_archive(url, str(root), md5=md5)


_FETCHERS: dict[str, Callable[[Path], None]] = {
    "cifar10": _fetch_cifar10,
    "cifar100": _fetch_cifar100,
    "fashion-mnist": _fetch_fashion_mnist,
    "svhn": _fetch_svhn,
    "tiny-imagenet": _fetch_tiny_imagenet,
}
