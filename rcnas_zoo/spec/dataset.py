"""Facts of the known data sets: what can be planned without opening a file."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from rcnas_zoo.spec.errors import InvalidInput, unknown_choice
from rcnas_zoo.spec.threat import ThreatModel


@dataclass(frozen=True)
class DatasetFacts:
    """A data set as published.

    Attributes:
        shape: (C, H, W) of an image.
        classes: number of classes.
        threat: the default threat model.
        flips: whether a left-right flip keeps the label, so that training may use it.
        train_images: images of the training data.
    """

    shape: tuple[int, int, int]
    classes: int
    threat: ThreatModel
    flips: bool
    train_images: int


_EIGHT = ThreatModel.parse("linf@8/255")

DATASETS: dict[str, DatasetFacts] = {
    "digits": DatasetFacts((1, 8, 8), 10, ThreatModel.parse("linf@1/5"), flips=False, train_images=1_437),
    "fashion-mnist": DatasetFacts((1, 28, 28), 10, ThreatModel.parse("linf@1/10"), flips=True, train_images=60_000),
    "cifar10": DatasetFacts((3, 32, 32), 10, _EIGHT, flips=True, train_images=50_000),
    "cifar100": DatasetFacts((3, 32, 32), 100, _EIGHT, flips=True, train_images=50_000),
    "svhn": DatasetFacts((3, 32, 32), 10, _EIGHT, flips=False, train_images=73_257),
    "tiny-imagenet": DatasetFacts((3, 64, 64), 200, _EIGHT, flips=True, train_images=100_000),
}

FILE_PREFIXES = ("npz", "folder")


def check_dataset_name(name: str) -> str:
    """The name itself, checked to be a known data set, ``npz:FILE`` or ``folder:DIR``.

    Raises:
        InvalidInput: an unknown name, or a prefix without a path.
    """
    prefix, colon, path = name.partition(":")
    if colon and prefix in FILE_PREFIXES:
        if not path:
            raise InvalidInput(f"a data set {prefix}: must name its path, such as {prefix}:/data/mine, got {name!r}")
        return name
    if name not in DATASETS:
        raise unknown_choice("a data set", name, [*DATASETS, "npz:FILE", "folder:DIR"])
    return name


def dataset_slug(name: str) -> str:
    """The data set as MLflow allows it in an alias: letters, digits, ``_`` and ``-``; a path gives its stem."""
    prefix, colon, path = name.partition(":")
    word = PurePath(path).stem if colon and prefix in FILE_PREFIXES else name
    return re.sub(r"[^a-z0-9_-]+", "-", word.lower()).strip("-") or "data"


def default_threat(name: str) -> ThreatModel:
    """The threat model that a data set is attacked with unless another is asked for."""
    facts = DATASETS.get(name)
    return facts.threat if facts else _EIGHT
