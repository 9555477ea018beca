"""An evaluation as a folder: numbers, verdicts, the proof of them, and pictures."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from safetensors.torch import save

from rcnas_zoo.evaluation.classes import clean_confusion, robust_confusion
from rcnas_zoo.evaluation.report import EvaluationReport
from rcnas_zoo.execution.disk import write_file
from rcnas_zoo.reporting.security import confusion_picture, security_picture
from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.workflows.curve import CurvePoint
from rcnas_zoo.workflows.question import Question
from rcnas_zoo.zoo.files import check_place, new_folder

REPORT = "report.json"
RECEIPT = "receipt.safetensors"
VERDICTS = "verdicts.safetensors"
FILES = (RECEIPT, VERDICTS, "confusion.png", "curve.png")
SEAL = "seal"
"""The digest of all else in the report: it tells damage, not malice."""
FORMAT = 1


def check_new(folder: Path) -> None:
    """The folder for a report may be made.

    Raises:
        InvalidInput: something is there already.
        Unavailable: it may not be written.
    """
    if folder.exists():
        raise InvalidInput(f"the folder for a report must not exist yet, got {str(folder)!r}; name another with --to")
    check_place(folder)


def write_report(
    folder: Path,
    numbers: Mapping[str, Any],
    question: Question,
    report: EvaluationReport,
    curve: Sequence[CurvePoint],
) -> None:
    """Writes a report folder, whole or not at all.

    ``report.json`` holds the numbers, what tells the network, how many images are known to be wrong or broken under the
    attacks that saw them all, and the sha256 of the other files;
    ``verdicts.safetensors`` the class that the network sees in each image, clean and under every attack, and the
    ``labels``; ``receipt.safetensors`` what proves the broken ones; ``confusion.png`` and, if there is one,
    ``curve.png`` are pictures.

    Raises:
        Unavailable: the disk refuses.
    """
    predictions = {name: found.contiguous() for name, found in report.predictions.items()}
    files = {
        VERDICTS: save({**predictions, "labels": report.labels.contiguous()}),
        RECEIPT: question.receipt(report),
        **_pictures(question, report, curve),
    }
    hashes = {name: sha256(content).hexdigest() for name, content in files.items()}
    about = {
        "format": FORMAT,
        **numbers,
        "identity": question.subject.identity,
        "broken": int((report.worst_predictions != report.labels).sum()),
        "files": hashes,
    }
    check_new(folder)  # once more: an evaluation may take hours
    sealed = {**about, SEAL: digest(about)}
    with new_folder(folder) as temporary:
        for name, content in {**files, REPORT: canonical_json(sealed).encode()}.items():
            write_file(temporary / name, content)


def _pictures(question: Question, report: EvaluationReport, curve: Sequence[CurvePoint]) -> dict[str, bytes]:
    title = f"{question.subject.text} on {report.samples} test images of {question.dataset}"
    confusions = (clean_confusion(report).tolist(), robust_confusion(report).tolist())
    pictures = {"confusion.png": confusion_picture(f"{title}, {report.threat}", *confusions)}
    if curve:
        attacks = {
            name: [(point.radius, point.attacks[name]) for point in curve if name in point.attacks]
            for name in report.attacks
            if name != "clean"
        }
        robust = [(point.radius, point.robust_accuracy, point.interval) for point in curve]
        pictures["curve.png"] = security_picture(title, report.clean_accuracy, attacks, robust)
    return pictures
