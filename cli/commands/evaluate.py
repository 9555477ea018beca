"""``rcnas-zoo evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING

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
from ..output import emit
from ..progress import progress
from ..types import COUNT, DATASET, FOLDER, FRACTION, POSITIVE, RADII, SECONDS, TEXT

if TYPE_CHECKING:
    from rcnas_zoo.spec.threat import ThreatModel


@click.command("evaluate")
@click.argument("name_or_dir", type=TEXT)
@attacks_option("Default pgd-20.")
@threat_options("the network's own, else the data set's")
@click.option("--protocol", type=TEXT, help="Of pgd-N and cw-N: default, rrn (RobustResNet) or rdnas.")
@click.option("--dataset", type=DATASET, help="Data set; default the one it was trained for.")
@click.option("--samples", type=POSITIVE, help="A fixed, seeded choice of that many test images; default all.")
@click.option("--seed", type=COUNT, help="Seed of the choice and of the attacks; default 0.")
@click.option("--time-limit", type=SECONDS, help="Seconds, or 10m or 2h; then an estimate from what was found.")
@click.option("--tolerance", type=FRACTION, help="Estimate from a sample, until half the interval's width is this.")
@click.option("--resume", is_flag=True, help="Go on with the evaluation of before; refused if the network has changed.")
@click.option("--radii", type=RADII, help="More radii, such as 2/255,4/255: a security curve.")
@click.option("--source", type=TEXT, help="Attack the images on this network instead (a transfer test).")
@click.option("--lint", is_flag=True, help="Look for signs that the numbers deceive.")
@click.option("--to", type=FOLDER, help="New folder for a report: numbers, verdicts, receipt and pictures.")
@click.option("--track", is_flag=True, help="Keep the evaluation as an MLflow run.")
@machine_options
@quiet_option
@json_option
def command(
    name_or_dir: str,
    attacks: tuple[tuple[str, ...] | None, ...],
    threat: "ThreatModel | None",
    eps: "ThreatModel | None",
    protocol: str | None,
    dataset: str | None,
    samples: int | None,
    seed: int | None,
    time_limit: float | None,
    tolerance: float | None,
    resume: bool,
    radii: tuple[str, ...] | None,
    source: str | None,
    lint: bool,
    to: Path | None,
    track: bool,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Attack a network on test images.

    The network is one of the zoo, an entry folder, or FILE.py:FUNCTION, whose function returns a torch.nn.Module of
    images in [0, 1] (the file's code is run; then --dataset must be given).

    Attacks: clean, fgsm, pgd-N, cw-N, autoattack and its parts (apgd-ce, apgd-dlr, apgd-t, fab-t, square),
    autoattack-rand, hopskipjump, naa, a3, a3-search, torchattacks:NAME. An image counts as robust only if it survives
    every attack given.

    \b
    Examples:
      rcnas-zoo evaluate robust-2m --attack pgd-20 --attack autoattack --samples 64
      rcnas-zoo evaluate robust-2m --attack autoattack --tolerance 0.02 --time-limit 10m
      rcnas-zoo evaluate robust-2m --attack pgd-20 --radii 1/20,1/10,3/10 --lint --to report
      rcnas-zoo evaluate robust-2m --source other_net --attack naa
      rcnas-zoo evaluate my_nets.py:small --dataset cifar10 --attack pgd-20 --protocol rrn
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.workflows.evaluate import evaluate_entry
    from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings
    from rcnas_zoo.workflows.evaluation_text import evaluation_text

    settings = EvaluateSettings(
        track=track,
        resume=resume,
        lint=lint,
        **given(
            attacks=flat(attacks),
            threat=one_threat(threat, eps),
            protocol=protocol,
            dataset=dataset,
            samples=samples,
            seed=seed,
            time_limit=time_limit,
            tolerance=tolerance,
            radii=radii,
            source=source,
        ),
    )
    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        evaluation = evaluate_entry(name_or_dir, settings, machine, observer, to)
    emit(as_json, evaluation.to_dict(), evaluation_text(evaluation))
