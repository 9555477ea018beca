"""``rcnas-zoo show``."""

import click

from ..options import json_option
from ..output import emit
from ..types import TEXT


@click.command("show")
@click.argument("name", type=TEXT)
@json_option
def command(name: str, as_json: bool) -> None:
    """Show all that is known of a network.

    NAME is robust-2m, robust-2m@champion, robust-2m:3 or an entry folder.

    Example: rcnas-zoo show robustresnet-a1
    """
    from rcnas_zoo.workflows.entry_of import find_entry
    from rcnas_zoo.workflows.machine import Machine
    from rcnas_zoo.zoo.show import describe

    found = find_entry(name, Machine(), weights=False)
    version = f"version {found.version}, " if found.version else ""
    card = (found.entry.folder / "card.md").read_text(encoding="utf-8")
    data = {**describe(found.entry, found.version), "source": found.source}
    emit(as_json, data, f"{card}\n({version}from the {found.source}: {found.entry.folder})")
