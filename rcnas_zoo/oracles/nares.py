"""NARes as an oracle: 15,625 adversarially trained Wide ResNets on CIFAR-10, for those who have the file.

The file is ``nares.txz`` of https://github.com/zhichao-lu/arch-dataset-adv-robustness: an archive with
``cifar10.jsonl``, one network a line. These of its fields are read, accuracies being in percent:

- ``arch``: ``D1, W1, D2, W2, D3, W3``, blocks and widening factor of each stage;
- ``train``, one training: ``best_epoch``, and by epoch ``val_acc``, ``pgd`` and ``cw``;
- ``test_best``: ``test_clean_acc``, ``Linf_fgsm_acc``, ``Linf_pgd_acc``, ``Linf_cw_acc``, ``Linf_aa_acc``.
"""

import json
from collections.abc import Callable, Mapping
from math import isnan, nan
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rcnas_zoo.networks.wide import BASE_WIDTHS, CIFAR, wide_spec
from rcnas_zoo.oracles.archives import lines_of
from rcnas_zoo.oracles.table import CLEAN, Table, TableTeacher, column_name, stage_numbers
from rcnas_zoo.spec.canonical import as_object, check_choice, check_integer, check_list, check_number, check_present
from rcnas_zoo.spec.errors import InvalidInput
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.threat import ThreatModel
from rcnas_zoo.zoo.files import sha256_of

FILE = "cifar10.jsonl"
DEPTHS = (4, 5, 7, 9, 11)
FACTORS = (8, 10, 12, 14, 16)
THREAT = ThreatModel.parse("linf@8/255")
SAMPLES = {"validation": 2_000, "test": 10_000}
_FIELDS = {
    "validation": {CLEAN: "val_acc", "pgd-20": "pgd", "cw-40": "cw"},
    "test": {
        CLEAN: "test_clean_acc",
        "fgsm": "Linf_fgsm_acc",
        "pgd-20": "Linf_pgd_acc",
        "cw-40": "Linf_cw_acc",
        "autoattack": "Linf_aa_acc",
    },
}

Accuracies = dict[str, float]


def read_nares(path: Path, split: str = "validation") -> Table:
    """The table of a NARes file, in which every ``wrn-D-K`` that it holds is a teacher too.

    It holds two kinds of figures, on different images, which are not to be mixed. ``validation``: the 2,000 images of
    CIFAR-10.1, at the epoch that was kept; this is what its authors let a search see. ``test``: the 10,000 test images
    of CIFAR-10. PGD and CW take steps of a tenth of the radius and judge the last iterate, like our protocol ``rrn``.
    The authors' code can run AutoAttack whole or as its two APGD parts, and the file does not say which it was. Of
    Lipschitz numbers there is one a network, which are not the statistics that our agent sees, so it gets zeros.

    Args:
        path: ``nares.txz``, or the ``cifar10.jsonl`` out of it.
        split: ``validation`` or ``test``.

    Raises:
        NotFound: there is no such file.
        IntegrityError: the archive is damaged.
        InvalidInput: the file has another schema; the message names what is missing or wrong, and where.
    """
    read = {"validation": _validated, "test": _tested}[check_choice("a split of NARes", split, SAMPLES)]
    rows: dict[ResidualSpec, Accuracies] = {}
    for number, line in enumerate(lines_of(path, FILE), start=1):
        if line.strip():
            spec, found = _row(line, read, f"line {number} of {path.name}")
            if spec in rows:
                raise InvalidInput(f"each network of NARes must stand once, that of line {number} stands twice")
            rows[spec] = found
    if not rows:
        raise InvalidInput(f"{FILE} must have a network a line, that of {path} is empty")
    return _table(rows, split, path)


def _row(
    line: bytes, read: Callable[[Mapping[str, Any], str], Accuracies], what: str
) -> tuple[ResidualSpec, Accuracies]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} must be a JSON object: {error}") from error
    found = check_present(data, what, ("arch", "train", "test_best"))
    return _spec(found["arch"], what), read(found, what)


def _spec(data: object, what: str) -> ResidualSpec:
    arch = check_present(data, f"arch in {what}", [f"{kind}{stage}" for stage in (1, 2, 3) for kind in "DW"])
    d1, d2, d3 = (_one_of(arch[f"D{stage}"], DEPTHS, f"D{stage} in {what}") for stage in (1, 2, 3))
    w1, w2, w3 = (_one_of(arch[f"W{stage}"], FACTORS, f"W{stage} in {what}") for stage in (1, 2, 3))
    b1, b2, b3 = BASE_WIDTHS
    return wide_spec((d1, d2, d3), (b1 * w1, b2 * w2, b3 * w3), "basic", CIFAR, 10)


def _one_of(value: object, choices: tuple[int, ...], what: str) -> int:
    number = check_integer(what, value, choices[0], choices[-1])
    if number not in choices:
        raise InvalidInput(f"{what} must be one of {', '.join(map(str, choices))}, got {number}")
    return number


def _validated(data: Mapping[str, Any], what: str) -> Accuracies:
    """The figures of the epoch that was kept."""
    fields = _FIELDS["validation"]
    train = check_present(_only(data, "train", what), f"train in {what}", ("best_epoch", *fields.values()))
    epoch = check_integer(f"best_epoch in {what}", train["best_epoch"], 0)
    found = {}
    for attack, field in fields.items():
        curve = check_list(f"{field} in {what}", train[field])
        if epoch >= len(curve):
            raise InvalidInput(f"{field} in {what} must reach the best epoch, {epoch}, got {len(curve)} epochs")
        found[attack] = _share(curve[epoch], f"{field} in {what}")
    return found


def _tested(data: Mapping[str, Any], what: str) -> Accuracies:
    """The figures on the test images; NaN for an attack that was not run on this network."""
    tested = as_object(_only(data, "test_best", what), f"test_best in {what}")
    found = {attack: (tested.get(field), f"{field} in {what}") for attack, field in _FIELDS["test"].items()}
    return {attack: nan if value is None else _share(value, name) for attack, (value, name) in found.items()}


def _only(data: Mapping[str, Any], field: str, what: str) -> object:
    return check_list(f"{field} in {what}", data[field], 1)[0]


def _share(percent: object, what: str) -> float:
    return check_number(what, percent, 0, 100) / 100


def _table(rows: Mapping[ResidualSpec, Accuracies], split: str, path: Path) -> Table:
    columns = {attack: column_name(attack, THREAT) for attack in _FIELDS[split]}
    return Table(
        name=f"nares-{split}",
        dataset="cifar10",
        grid=_uniform(DEPTHS[-1], FACTORS[-1]),
        stages=stage_numbers([spec.stages for spec in rows]),
        accuracy={columns[attack]: _column(rows, attack, split, path) for attack in columns},
        samples=dict.fromkeys(columns.values(), SAMPLES[split]),
        margins={},
        teachers=_teachers(rows, columns),
        provenance={"source": "NARes", "split": split, "file": path.name, "sha256": sha256_of(path)},
    )


def _column(rows: Mapping[ResidualSpec, Accuracies], attack: str, split: str, path: Path) -> Tensor:
    values = torch.tensor([found[attack] for found in rows.values()], dtype=torch.float64)
    if values.isnan().all():
        raise InvalidInput(
            f"{path} must have the field {_FIELDS[split][attack]!r} for some network, it has it for none"
        )
    return values


def _teachers(rows: Mapping[ResidualSpec, Accuracies], columns: Mapping[str, str]) -> dict[str, TableTeacher]:
    named = {f"wrn-{6 * depth + 4}-{factor}": _uniform(depth, factor) for depth in DEPTHS for factor in FACTORS}
    known = {name: (spec, rows[spec]) for name, spec in named.items() if spec in rows}
    return {
        name: TableTeacher(spec, {columns[attack]: value for attack, value in found.items() if not isnan(value)}, {})
        for name, (spec, found) in known.items()
    }


def _uniform(depth: int, factor: int) -> ResidualSpec:
    """WRN-(6 depth + 4)-factor."""
    b1, b2, b3 = (factor * base for base in BASE_WIDTHS)
    return wide_spec((depth, depth, depth), (b1, b2, b3), "basic", CIFAR, 10)
