"""Where a worker process finds its images: a name that travels instead of the tensors."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rcnas_zoo.datasets.dataset import Dataset
from rcnas_zoo.datasets.load import load_dataset
from rcnas_zoo.datasets.splits import Splits, sample, split

SPLIT_SEED = 0
LARGEST_EVALUATION = 1024
EVALUATION_SHARE = 5


@dataclass(frozen=True)
class DataSource:
    """A data set by name, with the folder it lies in and the size of the evaluation split.

    The evaluation split is taken out of the training data; the test split plays no part here.

    Attributes:
        name: data set name, such as ``digits`` or ``npz:/data/mine.npz``.
        root: folder of the data, or None for the default.
        download: whether an absent data set may be fetched.
        evaluation_size: images of the evaluation split; 0 means a fifth of the training data, at most 1,024 (the
            paper takes 256: at 50 % accuracy that is +-6 points).
        train_size: images of the train split, drawn by class with a fixed seed; 0 means all that the evaluation split
            leaves.
    """

    name: str
    root: Path | None = None
    download: bool = False
    evaluation_size: int = 0
    train_size: int = 0

    def dataset(self) -> Dataset:
        """The data set, opened once a process."""
        return _open(self)[0]

    def splits(self) -> Splits:
        """Its fixed train and evaluation splits."""
        return _open(self)[1]


@lru_cache(maxsize=4)
def _open(source: DataSource) -> tuple[Dataset, Splits]:
    dataset = load_dataset(source.name, source.root, source.download)
    size = source.evaluation_size or min(LARGEST_EVALUATION, len(dataset.train) // EVALUATION_SHARE)
    splits = split(dataset.train, size, SPLIT_SEED)
    if not 0 < source.train_size < len(splits.train):
        return dataset, splits
    return dataset, Splits(sample(splits.train, source.train_size, SPLIT_SEED), splits.evaluation)
