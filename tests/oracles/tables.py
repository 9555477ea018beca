"""A small table that needs no training: accuracies are a formula of the networks."""

from math import exp, log

import torch

from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.oracles.table import Table, TableTeacher, column_name, stage_numbers
from rcnas_zoo.search.space import ResidualSpace
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import ResidualSpec
from rcnas_zoo.spec.threat import ThreatModel

GRID = "wrn-16-2"
TEACHERS = ("wrn-16-2", "wrn-10-1")
IMAGES = 40
ATTACKS = (
    ("clean", "linf@1/5", 0.0),
    ("fgsm", "linf@1/5", 0.6),
    ("pgd-20", "linf@1/10", 0.5),
    ("pgd-20", "linf@1/5", 1.0),
)
"""Attacks of a table with their threat and their severity in logits."""


def spec_of(name: str) -> ResidualSpec:
    return named_spec(name, InputSpec((1, 8, 8)), 10)


def formula_accuracy(spec: ResidualSpec, severity: float) -> float:
    """Late stages matter most, robust blocks help against hard attacks, an early stride harms; in (0, 1)."""
    score = 0.4 - 1.2 * severity - 0.4 * (spec.stages[0].stride == 2)
    for weight, stage in zip((0.15, 0.25, 0.4), spec.stages, strict=True):
        robust = severity * (stage.block == "robust")
        score += weight * (log(stage.width / 16) + 0.8 * log(stage.depth) + robust)
    return 1 / (1 + exp(-score))


def distinct_specs(rows: int, seed: int) -> list[ResidualSpec]:
    """Distinct networks drawn from the compressions of `GRID`."""
    space, generator = ResidualSpace(spec_of(GRID)), torch.Generator().manual_seed(seed)
    specs: dict[ResidualSpec, None] = {}
    while len(specs) < rows:
        specs[space.draw(generator)] = None
    return list(specs)


def formula_table(rows: int = 60, seed: int = 0, name: str = "formula") -> Table:
    """A table of ``rows`` distinct networks, three attacks at one or two radii, and two teachers."""
    specs = distinct_specs(rows, seed)
    columns = {column_name(attack, ThreatModel.parse(threat)): severity for attack, threat, severity in ATTACKS}
    accuracy = {
        column: torch.tensor([formula_accuracy(spec, severity) for spec in specs], dtype=torch.float64)
        for column, severity in columns.items()
    }
    places = (torch.arange(IMAGES) + 0.5) / IMAGES
    return Table(
        name=name,
        dataset="digits",
        grid=spec_of(GRID),
        stages=stage_numbers([spec.stages for spec in specs]),
        accuracy=accuracy,
        samples=dict.fromkeys(columns, 1000),
        margins={"clean": (2 * accuracy["clean"] - 1).float()},
        teachers={name: _teacher(spec_of(name), columns) for name in TEACHERS},
        verdicts={column: places < values[:, None] for column, values in accuracy.items()},
        provenance={"made_by": "a formula", "seed": seed},
    )


def _teacher(spec: ResidualSpec, columns: dict[str, float]) -> TableTeacher:
    accuracy = {column: formula_accuracy(spec, severity) for column, severity in columns.items()}
    lips = {column: (severity,) * 7 for column, severity in columns.items() if column != "clean"}
    return TableTeacher(spec, accuracy, lips)
