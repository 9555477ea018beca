"""``rcnas-zoo train``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..options import (
    attacks_option,
    flat,
    given,
    json_option,
    machine_of,
    machine_options,
    one_threat,
    quiet_option,
    threat_options,
)
from ..output import command_line, emit, say_store
from ..progress import progress
from ..types import BUDGET, CHANGE, COUNT, DATASET, FOLDER, FRACTION, POSITIVE, TEXT

if TYPE_CHECKING:
    from rcnas_zoo.spec.budget import Budget
    from rcnas_zoo.spec.threat import ThreatModel
    from rcnas_zoo.zoo.entry import Entry


@click.command("train")
@click.argument("name_or_spec", type=TEXT)
@click.option("--dataset", type=DATASET, required=True, help="Data set.")
@click.option("--recipe", type=TEXT, help="Training recipe, such as rrn-100 or advanced; default the data set's own.")
@click.option("--objective", type=TEXT, help="trades, mart, sat, fast or clean; default that of --recipe, else trades.")
@threat_options("the data set's")
@click.option("--epochs", type=POSITIVE, help="Epochs; default the recipe's.")
@click.option("--precision", type=TEXT, help="float32 (default the recipe's) or bfloat16.")
@click.option("--set", "changes", type=CHANGE, multiple=True, help="Any other field of the recipe; repeatable.")
@click.option("--train-size", type=POSITIVE, help="Images to train on; default all.")
@click.option("--seed", type=COUNT, help="Seed of every random choice; default 0.")
@attacks_option("Attack on the test split afterwards; default pgd-20.")
@click.option("--compile", type=TEXT, help="auto (default: where it pays back), on or off.")
@click.option("--prune", type=TEXT, help="Prune too: hydra, harp, r-admm, magnitude or magnitude-global.")
@click.option("--keep", type=FRACTION, help="Share that pruning keeps; default 0.1.")
@click.option("--structure", type=TEXT, help="What is pruned: weights (default) or channels.")
@click.option("--max-macs", type=BUDGET, help="MACs that pruning leaves at most, such as 2m, in place of --keep.")
@click.option("--to", type=FOLDER, help="The entry folder to make; default ./NAME-DATASET.")
@machine_options
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    name_or_spec: str,
    dataset: str,
    threat: "ThreatModel | None",
    eps: "ThreatModel | None",
    attacks: tuple[tuple[str, ...] | None, ...],
    precision: str | None,
    changes: tuple[tuple[str, Any], ...],
    keep: float | None,
    structure: str | None,
    max_macs: "Budget | None",
    to: Path | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train a network adversarially, as an entry folder.

    NAME_OR_SPEC is an architecture (wrn-16-2, advrush-7@96), a spec file, an entry folder or a zoo name. A training
    that was cut off goes on where it was when the same command is given again. With --prune the network is trained,
    pruned and trained on.

    \b
    Examples:
      rcnas-zoo train wrn-10-1 --dataset digits --objective sat --epochs 30 --to ./mine
      rcnas-zoo train wrn-16-2 --dataset cifar10 --set precision=bfloat16 --set weight_average=0.995
      rcnas-zoo train wrn-16-2 --dataset digits --prune hydra --keep 0.1
      torchrun --nproc-per-node 2 --no-python rcnas-zoo train wrn-28-10 --dataset cifar10
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.execution.torchrun import leads_here
    from rcnas_zoo.workflows.train import TrainSettings, assist, default_folder, train

    fields = {**given(precision=precision), **_without_options(changes, precision)}
    if keep and max_macs:
        raise click.UsageError("--keep and --max-macs must not both be given; the share follows from the MACs")
    pruning = given(keep=keep, structure=structure, macs=max_macs.macs if max_macs else None)
    asked = given(threat=one_threat(threat, eps), changes=fields, attacks=flat(attacks), **settings)
    chosen = TrainSettings(**asked, pruning=pruning)
    machine = machine_of(device, workers, data_root, download)
    if not leads_here():
        return assist(name_or_spec, dataset, chosen, machine)
    target = to or default_folder(name_or_spec, dataset)
    with progress(quiet, verbose) as observer:
        entry = train(name_or_spec, dataset, target, chosen, machine, observer, command=command_line(arguments))
    return _tell(entry, as_json)


def _without_options(changes: Sequence[tuple[str, Any]], precision: str | None) -> dict[str, Any]:
    """The fields of ``--set``, none of which has an option of its own that could say something else."""
    for name, _ in changes:
        if name in ("objective", "threat", "epochs") or (name == "precision" and precision):
            raise click.UsageError(f"--set must name a field without an option of its own, got {name}; use --{name}")
    return dict(changes)


def _tell(entry: "Entry", as_json: bool) -> None:
    say_store()
    measured = entry.record.measured[0]
    data = {
        "folder": str(entry.folder.absolute()),
        "digest": entry.record.spec_digest,
        "parameters": entry.record.parameters,
        "macs": entry.record.macs,
        "nominal_macs": entry.record.nominal_macs or entry.record.macs,
        "threat": measured.threat,
        "samples": measured.samples,
        "clean_accuracy": measured.clean_accuracy,
        "attacks": measured.attacks,
        "robust_accuracy": measured.robust_accuracy,
    }
    emit(as_json, data, (entry.folder / "card.md").read_text(encoding="utf-8") + f"\nwritten to {entry.folder}")
