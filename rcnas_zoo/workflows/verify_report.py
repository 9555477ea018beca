"""Verify a report folder: are the numbers those of this network, and does the receipt prove them."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.canonical import as_object, check_integer, check_text, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.data import load_test_images
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.own_model import names_function
from rcnas_zoo.workflows.report_folder import FORMAT, RECEIPT, REPORT
from rcnas_zoo.workflows.subject import Subject, find_subject
from rcnas_zoo.zoo.entry import RECEIPT_LIMIT, TEXT_LIMIT
from rcnas_zoo.zoo.files import read_limited
from rcnas_zoo.zoo.receipt import prove_claim
from rcnas_zoo.zoo.verify import Checks, Told, VerifyReport


def is_report(folder: Path) -> bool:
    """Whether a folder looks like a report."""
    return (folder / REPORT).is_file()


def verify_report(folder: Path, machine: Machine, model: str | None = None) -> VerifyReport:
    """Runs every check on a report folder.

    Args:
        folder: where it lies.
        machine: where it runs.
        model: the network that the report is of, as a zoo name, entry folder or ``FILE.py:FUNCTION``; None for the one
            that the report names, which may not be code: a report is no reason to run a file.
    """
    checks = Checks()
    about = checks.run("report", _read, folder)
    files = checks.run("hashes", _files, folder, about)
    subject = checks.run("network", _subject, about, machine, model or "")
    images = checks.run("images", _images, about, machine)
    checks.run("receipt", _prove, about, files, subject, images)
    return VerifyReport(tuple(checks.done))


def _read(folder: Path) -> dict[str, Any]:
    about = parse_object(read_limited(folder / REPORT, TEXT_LIMIT).decode(errors="replace"), REPORT)
    check_integer("the format of a report", about.get("format"), FORMAT, FORMAT)
    for name in ("model", "dataset", "data_digest", "threat"):
        check_text(f"the {name} of a report", about.get(name))
    for name in ("samples", "seed", "broken"):
        check_integer(f"the {name} of a report", about.get(name), 0)
    return about


def _files(folder: Path, about: dict[str, Any]) -> dict[str, bytes]:
    hashes, found = as_object(about.get("files"), "the files of a report"), {}
    for name, expected in hashes.items():
        path = folder / name
        if Path(name).name != name or path.is_symlink():
            raise IntegrityError(f"a file of a report must be a plain name in its folder, got {name!r}")
        found[name] = read_limited(path, RECEIPT_LIMIT)
        if sha256(found[name]).hexdigest() != expected:
            raise IntegrityError(f"{name} must be as the report says, but it was changed; measure the network again")
    if RECEIPT not in found:
        raise IntegrityError(f"a report must list its {RECEIPT}, got {sorted(found)}")
    return found


def _subject(about: dict[str, Any], machine: Machine, model: str) -> Subject:
    text = model or about["model"]
    if not model and names_function(text):
        raise InvalidInput(f"the report is of {text!r}, whose code is not run unasked; name it with --model")
    subject = find_subject(text, machine)
    expected = as_object(about.get("identity"), "the identity of a network").get("weights")
    if subject.identity["weights"] != expected:
        raise IntegrityError(
            f"{text} must have the weights of the report, {str(expected)[:12]}, got {subject.identity['weights'][:12]}"
        )
    return subject


def _images(about: dict[str, Any], machine: Machine) -> Images:
    images = subset(load_test_images(about["dataset"], machine), about["samples"], about["seed"])
    if images.digest != about["data_digest"]:
        raise IntegrityError(
            f"the images must be those of the report, {about['data_digest'][:12]}, got {images.digest[:12]}"
        )
    return images


def _prove(about: dict[str, Any], files: dict[str, bytes], subject: Subject, images: Images) -> Told:
    threat = ThreatModel.parse(about["threat"])
    told = prove_claim(subject.network, threat, files[RECEIPT], images, subject.value_range, about["broken"])
    return Told(told)
