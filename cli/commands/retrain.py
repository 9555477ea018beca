"""``rcnas-zoo retrain``."""

from pathlib import Path

import click

from ..options import attacks_option, flat, given, json_option, machine_of, machine_options, quiet_option
from ..output import command_line, emit, say_store
from ..progress import progress
from ..types import COUNT, FOLDER, FRACTION, TEXT


@click.command("retrain")
@click.argument("name", type=TEXT)
@click.option("--fraction", type=FRACTION, help="Share of the epochs, or of one epoch's images; default 1.")
@click.option("--seed", type=COUNT, help="Seed of every random choice; default the stored one.")
@attacks_option("Attack on the test split afterwards; default the stored ones.")
@click.option("--to", type=FOLDER, help="The entry folder to make; default ./NAME-retrained.")
@machine_options
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    name: str,
    fraction: float | None,
    seed: int | None,
    attacks: tuple[tuple[str, ...] | None, ...],
    to: Path | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Train a stored network again, by the recipe of its record.

    NAME is robust-2m, robust-2m@champion, robust-2m:3 or an entry folder. The new measurement is shown beside the
    stored one. What this machine has trained already is taken from its cache.

    Example: rcnas-zoo retrain robust-2m --fraction 0.05
    """
    from rcnas_zoo.execution.torchrun import leads_here
    from rcnas_zoo.workflows.comparison import retrained_text
    from rcnas_zoo.workflows.retrain import assist, retrain
    from rcnas_zoo.workflows.stored_training import RetrainSettings

    settings = RetrainSettings(**given(fraction=fraction, seed=seed, attacks=flat(attacks)))
    machine = machine_of(device, workers, data_root, download)
    if not leads_here():
        return assist(name, settings, machine)
    with progress(quiet, verbose) as observer:
        made = retrain(name, to, settings, machine, observer, command=command_line(arguments))
    say_store()
    return emit(as_json, made.to_dict(), retrained_text(made))
