"""Verify an entry, by name or in a folder."""

from pathlib import Path

from rcnas_zoo.candidates.source import DataSource
from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.workflows.entry_of import find_entry, looks_like_path
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.zoo.verify import VerifyReport, verify


def verify_entry(text: str, machine: Machine | None = None) -> VerifyReport:
    """Every check of an entry; a damaged folder gives failing checks, not an error.

    Raises:
        NotFound: no such folder or name.
        InvalidInput: neither a folder nor a well-formed name.
    """
    machine = machine or Machine()
    folder = Path(text) if looks_like_path(text) else find_entry(text, machine, weights=False).entry.folder
    return verify(folder, lambda measurement: _images_of(measurement, machine))


def _images_of(measurement: Measurement, machine: Machine) -> Images:
    dataset = DataSource(measurement.dataset, machine.data_root, machine.download).dataset()
    return subset(dataset.test(), measurement.samples, measurement.seed)
