"""``rcnas-zoo train``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import given, json_option, machine_of, machine_options, one_threat, quiet_option, threat_options
from ..output import emit, say_store
from ..progress import progress
from ..types import ATTACKS, COUNT, DATASET, FOLDER, POSITIVE, TEXT

if TYPE_CHECKING:
    from rcnas_zoo.spec.threat import ThreatModel


@click.command("train")
@click.argument("name_or_spec", type=TEXT)
@click.option("--dataset", type=DATASET, required=True, help="Data set.")
@click.option("--objective", type=TEXT, help="trades (default), sat or clean.")
@threat_options
@click.option("--epochs", type=POSITIVE, help="Epochs; default the recipe's.")
@click.option("--seed", type=COUNT, help="Seed of every random choice; default 0.")
@click.option("--attack", "attacks", type=ATTACKS, help="Attacks on the test split afterwards; default pgd-20.")
@click.option("--to", type=FOLDER, help="The entry folder to make; default ./NAME-DATASET.")
@machine_options
@quiet_option
@json_option
def command(
    name_or_spec: str,
    dataset: str,
    objective: str | None,
    threat: "ThreatModel | None",
    eps: "ThreatModel | None",
    epochs: int | None,
    seed: int | None,
    attacks: tuple[str, ...] | None,
    to: Path | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Train a network adversarially, as an entry folder.

    NAME_OR_SPEC is an architecture (wrn-16-2, robustresnet-a1), a spec file, an entry folder or a zoo name.

    Example: rcnas-zoo train wrn-10-1 --dataset digits --objective sat --epochs 30 --to ./mine
    """
    from rcnas_zoo.workflows.train import TrainSettings, default_folder, train

    settings = TrainSettings(
        **given(objective=objective, threat=one_threat(threat, eps), epochs=epochs, seed=seed, attacks=attacks)
    )
    target = to or default_folder(name_or_spec, dataset)
    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        entry = train(name_or_spec, dataset, target, settings, machine, observer)
    say_store()
    measured = entry.record.measured[0]
    data = {
        "folder": str(entry.folder.absolute()),
        "digest": entry.record.spec_digest,
        "parameters": entry.record.parameters,
        "macs": entry.record.macs,
        "threat": measured.threat,
        "samples": measured.samples,
        "clean_accuracy": measured.clean_accuracy,
        "attacks": measured.attacks,
        "robust_accuracy": measured.robust_accuracy,
    }
    emit(as_json, data, (entry.folder / "card.md").read_text(encoding="utf-8") + f"\nwritten to {entry.folder}")
