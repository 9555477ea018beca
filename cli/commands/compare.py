"""``rcnas-zoo compare``."""

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
from ..types import COUNT, DATASET, POSITIVE, TEXT

if TYPE_CHECKING:
    from rcnas_zoo.spec.threat import ThreatModel


@click.command("compare")
@click.argument("a", type=TEXT)
@click.argument("b", type=TEXT)
@attacks_option("Such as pgd-20.")
@threat_options("that of A, else the data set's")
@click.option("--protocol", type=TEXT, help="Of pgd-N and cw-N: default, rrn (RobustResNet) or rdnas.")
@click.option("--dataset", type=DATASET, help="Data set; default the one A was trained for.")
@click.option("--samples", type=POSITIVE, help="A fixed, seeded choice of that many test images; default all.")
@click.option("--seed", type=COUNT, help="Seed of the choice and of the attacks; default 0.")
@machine_options
@quiet_option
@json_option
def command(
    a: str,
    b: str,
    attacks: tuple[tuple[str, ...] | None, ...],
    threat: "ThreatModel | None",
    eps: "ThreatModel | None",
    protocol: str | None,
    dataset: str | None,
    samples: int | None,
    seed: int | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Compare two networks under the same attacks.

    A and B are networks of the zoo, entry folders, or FILE.py:FUNCTION, as for evaluate, whose verdicts are used where
    they are kept. Both get the same test images, threat and seed, and are compared image by image: won are the images
    that A alone gets right, lost those of B alone; p is of McNemar's exact test, the interval of the difference is
    Newcombe's.

    \b
    Examples:
      rcnas-zoo compare robust-2m ./mine --attack pgd-20,apgd-t
      rcnas-zoo compare my_nets.py:small my_nets.py:large --dataset cifar10 --samples 1000
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.workflows.compare import compare
    from rcnas_zoo.workflows.compare_text import comparison_text
    from rcnas_zoo.workflows.evaluate_settings import EvaluateSettings

    settings = EvaluateSettings(
        **given(
            attacks=flat(attacks),
            threat=one_threat(threat, eps),
            protocol=protocol,
            dataset=dataset,
            samples=samples,
            seed=seed,
        )
    )
    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        comparison = compare(a, b, settings, machine, observer)
    emit(as_json, comparison.to_dict(), comparison_text(comparison))
