"""Verify an entry, a report or a policy, by name or in a folder."""

from pathlib import Path

from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.record import Measurement
from rcnas_zoo.tracking.store import current_store
from rcnas_zoo.workflows.data import load_stated_images
from rcnas_zoo.workflows.entry_of import find_entry, looks_like_path
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.policies import load_actor
from rcnas_zoo.workflows.verify_report import is_report, verify_report
from rcnas_zoo.zoo.fetching import check_here
from rcnas_zoo.zoo.policy import is_policy_folder, names_policy
from rcnas_zoo.zoo.policy_registry import find_policy
from rcnas_zoo.zoo.policy_verify import verify_policy
from rcnas_zoo.zoo.verify import VerifyReport, verify


def verify_entry(
    text: str, machine: Machine | None = None, model: str | None = None, dataset: str | None = None
) -> VerifyReport:
    """Every check of an entry, a policy or a report folder; a damaged folder gives failing checks, not an error.

    Args:
        text: a zoo name, a folder with an entry or a policy, or one that `rcnas-zoo evaluate --to` made.
        machine: where it runs.
        model: the network of a report, if it is not the one that the report names.
        dataset: the data set, if it is not the one that is named; a file or folder is opened only if it is given here.

    Raises:
        NotFound: no such folder or name, or shipped weights that were not installed.
        InvalidInput: neither a folder nor a well-formed name.
    """
    machine = machine or Machine()
    if names_policy(text):
        return _verify_policy(text, machine)
    if is_report(Path(text)):
        return verify_report(Path(text), machine, model, dataset)
    folder = Path(text) if looks_like_path(text) else _folder(text, machine)
    return verify(folder, lambda measurement: _images_of(measurement, dataset, machine))


def _folder(name: str, machine: Machine) -> Path:
    entry = find_entry(name, machine, weights=False).entry
    check_here(entry)
    return entry.folder


def _images_of(measurement: Measurement, dataset: str | None, machine: Machine) -> Images:
    return subset(load_stated_images(measurement.dataset, dataset, machine), measurement.samples, measurement.seed)


def _verify_policy(text: str, machine: Machine) -> VerifyReport:
    folder = (
        Path(text) if is_policy_folder(Path(text)) else find_policy(text, machine.cache, current_store()).entry.folder
    )
    return verify_policy(folder, load_actor)
