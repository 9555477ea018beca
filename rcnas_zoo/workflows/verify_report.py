"""Verify a report folder: are the numbers those of this network, and does the receipt prove them."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load

from rcnas_zoo.candidates.verdicts import subset
from rcnas_zoo.datasets.images import Images
from rcnas_zoo.evaluation.report import accuracy, worst_case
from rcnas_zoo.spec.canonical import as_object, check_integer, check_number, check_text, digest, parse_object
from rcnas_zoo.spec.errors import IntegrityError, InvalidInput, shortened
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.workflows.data import load_stated_images
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.own_model import names_function
from rcnas_zoo.workflows.report_folder import FILES, FORMAT, RECEIPT, REPORT, SEAL, VERDICTS
from rcnas_zoo.workflows.subject import Subject, find_subject
from rcnas_zoo.zoo.entry import RECEIPT_LIMIT, TEXT_LIMIT
from rcnas_zoo.zoo.files import read_limited
from rcnas_zoo.zoo.receipt import prove_claim
from rcnas_zoo.zoo.verify import Checks, Told, VerifyReport


def is_report(folder: Path) -> bool:
    """Whether a folder looks like a report."""
    return (folder / REPORT).is_file()


def verify_report(folder: Path, machine: Machine, model: str | None = None, dataset: str | None = None) -> VerifyReport:
    """Runs every check on a report folder.

    Args:
        folder: where it lies.
        machine: where it runs.
        model: the network that the report is of, as a zoo name, entry folder or ``FILE.py:FUNCTION``; None for the one
            that the report names, which may not be code: a report is no reason to run a file.
        dataset: the data set; None for the one that the report names, which may not be a file or folder.
    """
    checks = Checks()
    about = checks.run("report", _read, folder)
    checks.run("hashes", _check_hashes, folder, about)
    checks.run("numbers", _check_numbers, folder, about)
    subject = checks.run("network", _subject, about, machine, model or "")
    images = checks.run("images", _images, about, dataset or "", machine)
    checks.run("receipt", _prove, folder, about, subject, images)
    return VerifyReport(tuple(checks.done))


def _read(folder: Path) -> dict[str, Any]:
    about = parse_object(read_limited(folder / REPORT, TEXT_LIMIT).decode(errors="replace"), REPORT)
    check_integer("the format of a report", about.get("format"), FORMAT, FORMAT)
    if about.get(SEAL) != digest({name: value for name, value in about.items() if name != SEAL}):
        raise IntegrityError(f"{REPORT} must match its own seal, but it was changed; measure the network again")
    for name in ("model", "dataset", "data_digest", "threat"):
        check_text(f"the {name} of a report", about.get(name))
    for name in ("samples", "seed", "broken"):
        check_integer(f"the {name} of a report", about.get(name), 0)
    for name in ("clean_accuracy", "robust_accuracy"):
        check_number(f"the {name} of a report", about.get(name), 0, 1)
    as_object(about.get("attacks"), "the attacks of a report")
    return about


def _check_hashes(folder: Path, about: dict[str, Any]) -> None:
    hashes = as_object(about.get("files"), "the files of a report")
    for name, expected in hashes.items():
        if name not in FILES or (folder / name).is_symlink():
            raise IntegrityError(f"a file of a report must be one of {', '.join(FILES)}, got {shortened(name)}")
        if sha256(read_limited(folder / name, RECEIPT_LIMIT)).hexdigest() != expected:
            raise IntegrityError(f"{name} must be as the report says, but it was changed; measure the network again")
    for name in (RECEIPT, VERDICTS):
        if name not in hashes:
            raise IntegrityError(f"a report must list its {name}, got {sorted(hashes)}")


def _check_numbers(folder: Path, about: dict[str, Any]) -> None:
    """The accuracies are those of the verdicts; an estimate is told from images that the verdicts do not hold."""
    try:
        stored = load(read_limited(folder / VERDICTS, RECEIPT_LIMIT))
        labels = stored.pop("labels")
        verdicts = {name: found == labels for name, found in stored.items()}
        clean = verdicts["clean"]
        robust = worst_case(verdicts)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise IntegrityError(f"{VERDICTS} must hold the verdicts of the report, it does not: {error}") from error
    estimate = about.get("estimate")
    sampled = estimate.get("attack") if isinstance(estimate, dict) else None
    told = {**about["attacks"], "clean_accuracy": about["clean_accuracy"], "broken": about["broken"]}
    true: dict[str, float] = {name: accuracy(verdict & clean) for name, verdict in verdicts.items()}
    true |= {"clean_accuracy": accuracy(clean), "broken": len(labels) - int(robust.sum())}
    if sampled is None:
        told["robust_accuracy"], true["robust_accuracy"] = about["robust_accuracy"], accuracy(robust)
    for name, value in told.items():
        if name != sampled and value != true.get(name):
            raise IntegrityError(f"the {name} of a report must be that of its verdicts, {true.get(name)}, got {value}")


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


def _images(about: dict[str, Any], dataset: str, machine: Machine) -> Images:
    images = subset(load_stated_images(about["dataset"], dataset or None, machine), about["samples"], about["seed"])
    if images.digest != about["data_digest"]:
        raise IntegrityError(
            f"the images must be those of the report, {about['data_digest'][:12]}, got {images.digest[:12]}"
        )
    return images


def _prove(folder: Path, about: dict[str, Any], subject: Subject, images: Images) -> Told:
    threat, receipt = ThreatModel.parse(about["threat"]), read_limited(folder / RECEIPT, RECEIPT_LIMIT)
    return Told(prove_claim(subject.network, threat, receipt, images, subject.value_range, about["broken"]))
