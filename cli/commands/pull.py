"""``rcnas-zoo pull``."""

from pathlib import Path

import click

from ..options import json_option
from ..output import emit
from ..types import FOLDER, TEXT


@click.command("pull")
@click.argument("name", type=TEXT)
@click.option("--to", type=FOLDER, help="The folder to make; default ./NAME.")
@click.option("--architecture", is_flag=True, help="The architecture alone, without weights.")
@click.option("--offline", is_flag=True, help="Ask no server.")
@click.option("--source", type=TEXT, help="registry or catalogue alone; default the one, then the other.")
@click.option("--replace", is_flag=True, help="Replace another entry that is in the folder.")
@json_option
def command(
    name: str, to: Path | None, architecture: bool, offline: bool, source: str | None, replace: bool, as_json: bool
) -> None:
    """Get a network as a folder.

    NAME is robust-2m, robust-2m@champion or robust-2m:3. Every file is checked against its hash.

    Example: rcnas-zoo pull robust-2m
    """
    from rcnas_zoo.zoo.names import ZooName
    from rcnas_zoo.zoo.pull import pull

    pulled = pull(ZooName.parse(name), to, source=source, architecture=architecture, offline=offline, replace=replace)
    version = f" version {pulled.version}" if pulled.version else ""
    data = {
        "name": name,
        "version": pulled.version,
        "source": pulled.source,
        "folder": str(pulled.entry.folder.absolute()),
        "digest": pulled.entry.record.spec_digest,
        "weights": pulled.entry.has_weights,
    }
    emit(as_json, data, f"{name}{version} from the {pulled.source} is in {pulled.entry.folder}")
