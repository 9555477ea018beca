"""Writes the entries of the catalogue.

    python benchmarks/make_catalogue.py [NAME ...]     architectures, with the figures that a paper claims for them
    python benchmarks/make_catalogue.py ./robust-2m    a trained entry, measured with AutoAttack and with its receipt

Run the first after a change of the entry format; entries with weights are not touched by it. That of a network trained
on a rented graphics card is made and measured there (docs/robust-5g.md).
"""

import sys
from dataclasses import replace
from pathlib import Path

from rcnas_zoo.networks.named import named_spec
from rcnas_zoo.networks.scaling import robustresnet_spec
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.observer import Silent
from rcnas_zoo.spec.record import Claim
from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
from rcnas_zoo.workflows.machine import Machine
from rcnas_zoo.workflows.question import ask
from rcnas_zoo.workflows.records import new_record
from rcnas_zoo.workflows.subject import find_subject
from rcnas_zoo.zoo.entry import WEIGHTS, read_entry
from rcnas_zoo.zoo.loading import load_model
from rcnas_zoo.zoo.writing import write_entry

REGISTRY = Path(__file__).resolve().parent.parent / "registry"
SOURCE = "arXiv:2406.06792, table 1 (TRADES, 100 epochs, Linf 8/255)"
ATTACKS = ("clean", "pgd-20", "cw-40", "autoattack")

# Percent on CIFAR-10, then on CIFAR-100, in the order of ATTACKS.
CLAIMS = {
    "wrn-28-10": ((84.62, 55.90, 53.15, 51.66), (56.30, 29.91, 26.22, 25.26)),
    "wrn-34-12": ((84.93, 56.01, 53.53, 51.97), (56.08, 29.87, 26.51, 25.47)),
    "wrn-46-14": ((85.22, 56.37, 54.19, 52.63), (56.78, 30.03, 27.27, 26.28)),
    "wrn-70-16": ((85.51, 56.78, 54.52, 52.80), (56.93, 29.76, 27.20, 26.12)),
    "robustresnet-a1": ((85.46, 58.74, 55.72, 54.42), (59.34, 32.70, 27.76, 26.75)),
    "robustresnet-a2": ((85.80, 59.72, 56.74, 55.49), (59.38, 33.00, 28.71, 27.68)),
    "robustresnet-a3": ((86.79, 60.10, 57.29, 55.84), (60.16, 33.59, 29.58, 28.48)),
    "robustresnet-a4": ((87.10, 60.26, 57.90, 56.29), (61.66, 34.25, 30.04, 29.00)),
    "wrn-34-r": ((85.80, 57.35, 54.77, 53.23), (58.78, 31.17, 27.33, 26.31)),
}


def claims(name: str) -> tuple[Claim, ...]:
    """What the paper claims for a network, as fractions."""
    return tuple(
        Claim(SOURCE, dataset, "linf@8/255", {a: round(v / 100, 4) for a, v in zip(ATTACKS, values, strict=True)})
        for dataset, values in zip(("cifar10", "cifar100"), CLAIMS[name], strict=True)
    )


def write(name: str) -> None:
    """Write the entry of a named architecture."""
    lineage = {"architecture": name, "note": "ten classes, 32x32 colour images"}
    record = new_record(name, named_spec(name), claimed=claims(name), lineage=lineage, licence="MIT")
    write_entry(REGISTRY / name, named_spec(name), record, None, replace=True)


def write_untrained(budget: str) -> None:
    """Write the architecture that waits for its weights under the name ``robust-<budget>``."""
    spec = robustresnet_spec(Budget.parse(budget).macs, InputSpec((3, 32, 32)), 10)
    lineage = {"architecture": "RobustResNet scaling rule under the budget", "note": "nobody has trained it yet"}
    record = new_record(f"robust-{budget}", spec, lineage=lineage, licence="MIT")
    write_entry(REGISTRY / record.name, spec, record, None, replace=True)


def ship(folder: Path) -> None:
    """Write a trained entry, with one measurement under PGD-20 and AutoAttack on every test image."""
    entry, machine = read_entry(folder), Machine()
    settings = EvaluateSettings(attacks=("pgd-20", "autoattack"))
    question = ask(find_subject(str(folder.absolute()), machine), settings, machine)
    report = question.answer(Silent())
    measured = report.to_measurement(question.dataset, "test", question.images.digest)
    record, state = replace(entry.record, measured=(measured,), licence="MIT"), load_model(entry).state_dict()
    write_entry(REGISTRY / record.name, entry.spec, record, state, receipt=question.receipt(report), replace=True)


def main() -> None:
    """Write the entries named on the command line, or every architecture."""
    names = sys.argv[1:] or [*CLAIMS, "robust-5g"]
    for name in names:
        if Path(name).is_dir():
            ship(Path(name))
        elif (REGISTRY / name / WEIGHTS).exists():
            print(f"{name} has weights and is left alone")
        elif name in CLAIMS:
            write(name)
        else:
            write_untrained(name.removeprefix("robust-"))


if __name__ == "__main__":
    main()
