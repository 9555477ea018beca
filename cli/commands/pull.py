"""``rcnas-zoo pull``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import json_option
from ..output import emit
from ..progress import progress
from ..types import FOLDER, TEXT

if TYPE_CHECKING:
    from rcnas_zoo.zoo.names import ZooName


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
    """Get a network, or a policy of the search agent, as a folder.

    NAME is robust-2m, robust-2m@champion or robust-2m:3; likewise rcnas-policy. Every file is checked against its hash.
    Large weights of a shipped network that were not installed with it come from the https address in its record.

    Example: rcnas-zoo pull robust-2m
    """
    from rcnas_zoo.zoo.names import ZooName
    from rcnas_zoo.zoo.policy import is_policy_name
    from rcnas_zoo.zoo.pull import pull

    asked = ZooName.parse(name)
    if is_policy_name(asked.name):
        if architecture:
            raise click.UsageError(f"--architecture must go with a network, got the policy {name}; leave it out")
        _pull_policy(asked, to, source, offline, replace, as_json)
        return
    with progress() as observer:
        pulled = pull(
            asked, to, source=source, architecture=architecture, offline=offline, replace=replace, observer=observer
        )
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


def _pull_policy(
    name: "ZooName", to: Path | None, source: str | None, offline: bool, replace: bool, as_json: bool
) -> None:
    from rcnas_zoo.tracking.store import current_store
    from rcnas_zoo.zoo.policy_registry import pull_policy
    from rcnas_zoo.zoo.show import describe_policy

    found = pull_policy(name, to or Path(name.name), current_store(), source=source, offline=offline, replace=replace)
    version = f" version {found.version}" if found.version else ""
    text = f"{name}{version} from the {found.source} is in {found.entry.folder}"
    emit(as_json, {"name": str(name), **describe_policy(found)}, text)
