"""``rcnas-zoo reproduce``."""

import shlex
from pathlib import Path

import click

from ..options import json_option, machine_of, machine_options, quiet_option
from ..output import emit, say_store
from ..progress import progress
from ..types import TEXT


@click.command("reproduce")
@click.argument("table", type=TEXT)
@click.option("--row", type=TEXT, help="One row of the table, such as wrn-28-10 or rc-nas-5g; default all.")
@click.option("--scale", type=TEXT, help="Make the row and measure it: tiny (on digits, minutes) or paper (on a GPU).")
@machine_options
@quiet_option
@json_option
@click.pass_obj
def command(
    arguments: list[str],
    /,
    table: str,
    row: str | None,
    scale: str | None,
    device: str | None,
    workers: int | None,
    data_root: Path | None,
    download: bool,
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Hold a table of the RC-NAS paper against what can be run.

    TABLE is table-1 to table-7, table-9 or table-10 of arXiv 2406.06792. Each entry is shown with its claimed figures,
    whether they contradict one another, what it would cost on one H200, and how to make its scaled-down twin. A twin is
    a small network or search of the same kind on digits, under the same attacks; what came of it is kept and shown.

    \b
    Examples:
      rcnas-zoo reproduce table-1
      rcnas-zoo reproduce table-9 --row trades-5g --scale tiny
    """  # noqa: D301 (click's mark for lines that stay as they are)
    from rcnas_zoo.workflows.reproduce import reproduce
    from rcnas_zoo.workflows.reproduce_text import reproduction_text, reproduction_to_dict

    machine = machine_of(device, workers, data_root, download)
    with progress(quiet, verbose) as observer:
        made = reproduce(table, row or "", scale or "", machine, observer, shlex.join(["rcnas-zoo", *arguments]))
    if scale:
        say_store()
    emit(as_json, reproduction_to_dict(made), reproduction_text(made))
