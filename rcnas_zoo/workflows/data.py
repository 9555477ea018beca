"""From the name of a data set to its test images."""

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.workflows.machine import Machine


def load_test_images(name: str, machine: Machine) -> Images:
    """The test split of a data set on a machine.

    Raises:
        InvalidInput: an unknown data set.
        NotFound: its files are absent.
    """
    return DataSource(name, machine.data_root, machine.download).dataset().test()
