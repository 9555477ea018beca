"""``rcnas-zoo corruptions``."""

from pathlib import Path

import click

from ..options import device_option, json_option, machine_of, quiet_option
from ..output import emit
from ..progress import progress
from ..types import FOLDER, POSITIVE, TEXT


@click.command("corruptions")
@click.argument("name_or_dir", type=TEXT)
@click.argument("file_or_dir", type=FOLDER)
@click.option("--severities", type=POSITIVE, help="Of each corruption; default found out from the labels.")
@device_option
@quiet_option
@json_option
def command(
    name_or_dir: str,
    file_or_dir: Path,
    severities: int | None,
    device: str | None,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Measure a network under noise, blur and the like.

    The network is one of the zoo, an entry folder, or FILE.py:FUNCTION, as for evaluate. The corruptions lie in an .npz
    file or a folder of .npy files, as CIFAR-10-C was published: labels, and for each corruption an array of uint8
    images (n, height, width, channels), the mildest severity first.

    \b
    Examples:
      rcnas-zoo corruptions ./mine CIFAR-10-C
      rcnas-zoo corruptions my_nets.py:small noise.npz --severities 3
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.workflows.corruptions import measure_corruptions
    from rcnas_zoo.workflows.corruptions_text import corruptions_text

    with progress(quiet, verbose) as observer:
        report = measure_corruptions(name_or_dir, file_or_dir, severities, machine_of(device), observer)
    emit(as_json, report.to_dict(), corruptions_text(report))
