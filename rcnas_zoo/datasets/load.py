"""`load_dataset`: from a name to images."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from rcnas_zoo.datasets import digits, folder, npz, published
from rcnas_zoo.datasets.dataset import Dataset, Split
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.datasets.root import data_root as resolve_root
from rcnas_zoo.spec.dataset import DATASETS, check_dataset_name, dataset_slug
from rcnas_zoo.spec.errors import InvalidInput


def load_dataset(name: str, data_root: Path | None = None, download: bool = False) -> Dataset:
    """The data set of a name. Reads the training split only; the test split waits for `Dataset.test`.

    A published set is looked for as ``<root>/<name>.npz`` (arrays as in ``npz:``), then in the layout that torchvision
    unpacks under the root. Images of ``npz:`` and ``folder:`` are never flipped, for we cannot know what they show.

    Args:
        name: ``digits``, ``cifar10`` ..., ``npz:FILE`` or ``folder:DIR``.
        data_root: folder of the published sets; default ``RCNAS_DATA``, else the user's data folder.
        download: fetch a published set that is absent.

    Raises:
        InvalidInput: an unknown name, or data that is damaged or malformed.
        NotFound: the data is absent.
        Unavailable: the download failed.
    """
    read = _reader(check_dataset_name(name), data_root, download)
    train = read("train")
    facts = DATASETS.get(name)
    if facts and train.shape != facts.shape:
        raise InvalidInput(f"the images of {name} must have the (C, H, W) {facts.shape}, got {train.shape}")
    classes = facts.classes if facts else int(train.labels.max()) + 1
    return Dataset(name, dataset_slug(name), classes, bool(facts and facts.flips), train, partial(read, "test"))


def _reader(name: str, data_root: Path | None, download: bool) -> Callable[[Split], Images]:
    prefix, _, path = name.partition(":")
    if name == "digits":
        return digits.read
    if prefix == "npz":
        return partial(npz.read, Path(path).expanduser())
    if prefix == "folder":
        return partial(folder.read, Path(path).expanduser())
    root = resolve_root(data_root)
    archive = root / f"{name}.npz"
    if archive.is_file():
        return partial(npz.read, archive)
    return partial(published.read, name, root, download)
