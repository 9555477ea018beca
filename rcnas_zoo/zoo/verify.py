"""Verifying an entry: every check by name, and all of them, however many fail."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from torch import nn

from rcnas_zoo.spec.errors import RcnasError
from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.zoo import canary, entry
from rcnas_zoo.zoo.loading import check_finite, fitted_model, read_tensors
from rcnas_zoo.zoo.sanity import check_measurements

T = TypeVar("T")


@dataclass(frozen=True)
class Check:
    """One check: what was looked at, whether it holds, and what is wrong if it does not."""

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


def verify(folder: Path | str) -> VerifyReport:
    """Runs every check on the entry in a folder; a failing one stops only those that need what it should have given.

    Raises:
        NotFound: no such folder.
        InvalidInput: the folder does not look like an entry.
    """
    path = entry.check_folder(folder)
    checks = _Checks()
    record = checks.run("record", entry.read_record, path)
    spec = checks.run("spec", entry.read_spec, path)
    checks.run("hashes", entry.check_hashes, path, record)
    checks.run("spec digest", entry.check_spec_digest, record, spec)
    checks.run("cost", entry.check_cost, record, spec)
    checks.run("measurements", check_measurements, record)
    if (path / entry.WEIGHTS).exists() or (record and entry.WEIGHTS in record.files):
        _check_weights(checks, path, spec)
    return VerifyReport(tuple(checks.done))


def _check_weights(checks: "_Checks", path: Path, spec: NetworkSpec | None) -> None:
    state = checks.run("weights file", read_tensors, path / entry.WEIGHTS)
    checks.run("finite weights", check_finite, state)
    model = checks.run("fitting weights", fitted_model, spec, state)
    checks.run("canary", _compare_canary, path, spec, model)


def _compare_canary(path: Path, spec: NetworkSpec, model: nn.Module) -> None:
    canary.check_canary(model, spec, read_tensors(path / entry.CANARY))


class _Checks:
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
        self.done.append(Check(name, True))
        return result
