"""From the name of a data set to its test images."""

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.dataset import DATASETS
from rcnas_zoo.spec.errors import NotFound
from rcnas_zoo.workflows.machine import Machine


def load_stated_images(name: str, asked: str | None, machine: Machine) -> Images:
    """The test split of the data set that a file of somebody's states.

    A stated name is no reason to open a file or a folder of any kind: those must be asked for.

    Raises:
        NotFound: the files are absent, or the name is that of a file and was not asked for.
    """
    if asked is None and name not in DATASETS:
        raise NotFound(f"the images of {name!r} are not opened unasked; name the data set with --dataset")
    return load_test_images(asked or name, machine)


def load_test_images(name: str, machine: Machine) -> Images:
    """The test split of a data set on a machine.

    Raises:
        InvalidInput: an unknown data set.
        NotFound: its files are absent.
    """
    return DataSource(name, machine.data_root, machine.download).dataset().test()
