"""``rcnas-zoo publish``."""

import click

from ..options import json_option
from ..output import emit
from ..types import TEXT


@click.command("publish")
@click.argument("run_id_or_dir", type=TEXT)
@click.option("--name", type=TEXT, required=True, help="Name in the registry, such as robust-5g.")
@click.option("--alias", "aliases", type=TEXT, multiple=True, help="An alias to set besides the usual ones.")
@json_option
def command(run_id_or_dir: str, name: str, aliases: tuple[str | None, ...], as_json: bool) -> None:
    """Put a network or a policy into the model registry.

    It comes from a folder, or from a run that kept one. Policies are called rcnas-policy, networks never.

    Example: rcnas-zoo publish ./mine --name robust-mine
    """
    from rcnas_zoo.workflows.publish import publish_entry

    published = publish_entry(run_id_or_dir, name, tuple(alias for alias in aliases if alias))
    moved = ", ".join(published.aliases) or "none moved"
    data = {
        "name": published.name,
        "version": published.version,
        "aliases": list(published.aliases),
        "note": published.note,
    }
    text = f"published {published.name} version {published.version}, aliases: {moved}"
    emit(as_json, data, f"{text}\nnote: {published.note}" if published.note else text)
