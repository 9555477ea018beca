"""Verifying an entry: every check by name, and all of them, however many fail."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from torch import nn

from rcnas_zoo.datasets.images import Images
from rcnas_zoo.spec.errors import IntegrityError, NotFound, RcnasError
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.record import FLOAT32, Measurement, Record
from rcnas_zoo.zoo import canary, entry
from rcnas_zoo.zoo.files import read_limited
from rcnas_zoo.zoo.loading import check_finite, fitted_model, read_tensors, read_weights
from rcnas_zoo.zoo.receipt import FindImages, check_receipt
from rcnas_zoo.zoo.sanity import check_measurements

T = TypeVar("T")


class Told(str):
    """What a check that holds has to say."""


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, whether it holds, and what is wrong if it does not (or what it found)."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class VerifyReport:
    """All checks of an entry, in their order."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check holds."""
        return all(check.passed for check in self.checks)


def verify(folder: Path | str, find_images: FindImages | None = None, *, whole: bool = True) -> VerifyReport:
    """Runs every check on the entry in a folder; a failing one stops only those that need what it should have given.

    Args:
        folder: of the entry.
        find_images: gives the images that a receipt is about; without, or where it finds none, the receipt is not
            proved, and its check says so.
        whole: whether weights that the record lists must be there; if not, absent ones are not looked for.

    Raises:
        NotFound: no such folder.
        InvalidInput: the folder does not look like an entry.
    """
    path = entry.check_folder(folder)
    checks = Checks()
    record = checks.run("record", entry.read_record, path)
    spec = checks.run("spec", entry.read_spec, path)
    checks.run("hashes", partial(entry.check_hashes, whole=whole), path, record)
    checks.run("spec digest", entry.check_spec_digest, record, spec)
    checks.run("cost", entry.check_cost, record, spec)
    checks.run("measurements", check_measurements, record)
    if (path / entry.WEIGHTS).exists() or (whole and record and entry.WEIGHTS in record.files):
        model = _check_weights(checks, path, spec, record.weights_dtype if record else FLOAT32)
        if (path / entry.RECEIPT).exists() or (record and entry.RECEIPT in record.files):
            checks.run("receipt", _prove, path, record, spec, model, find_images or _no_images)
    return VerifyReport(tuple(checks.done))


def _check_weights(checks: "Checks", path: Path, spec: NetworkSpec | None, dtype: str) -> nn.Module | None:
    state = checks.run("weights file", read_weights, path, dtype)
    checks.run("finite weights", check_finite, state)
    model = checks.run("fitting weights", fitted_model, spec, state)
    checks.run("canary", _compare_canary, path, spec, model)
    return model


def _no_images(measurement: Measurement) -> Images:
    raise NotFound(f"the images of {measurement.dataset} are needed")


def _prove(path: Path, record: Record, spec: NetworkSpec, model: nn.Module, find_images: FindImages) -> Told:
    content = read_limited(path / entry.RECEIPT, entry.RECEIPT_LIMIT)
    if not record.measured:
        raise IntegrityError("a receipt must prove a measurement, but the record has none; delete it")
    try:
        images = find_images(record.measured[0])
    except NotFound as error:
        return Told(f"not proved: {error}")
    bounds = (spec.input.low, spec.input.high)
    return Told(check_receipt(model, record.measured[0], content, images, bounds))


def _compare_canary(path: Path, spec: NetworkSpec, model: nn.Module) -> None:
    canary.check_canary(model, spec, read_tensors(path / entry.CANARY))


class Checks:
    """Runs checks and keeps what came of them."""

    def __init__(self) -> None:
        self.done: list[Check] = []

    def run(self, name: str, check: Callable[..., T], *given: object) -> T | None:
        """The result of a check, or None if it fails or was not given what an earlier check should have found."""
        if any(value is None for value in given):
            self.done.append(Check(name, False, "not checked, for what it needs failed above"))
            return None
        try:
            result = check(*given)
        except RcnasError as error:
            self.done.append(Check(name, False, str(error)))
            return None
        self.done.append(Check(name, True, result if isinstance(result, Told) else ""))
        return result
