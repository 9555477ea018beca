"""``rcnas-zoo show``."""

import json

import click

from ..options import json_option
from ..output import emit
from ..types import TEXT


@click.command("show")
@click.argument("name", type=TEXT)
@json_option
def command(name: str, as_json: bool) -> None:
    """Show all that is known of a network or a policy.

    NAME is robust-2m, robust-2m@champion, robust-2m:3 or an entry folder; likewise rcnas-policy, the
    search agent.

    Example: rcnas-zoo show robustresnet-a1
    """
    from rcnas_zoo.workflows.entry_of import find_entry
    from rcnas_zoo.workflows.machine import Machine
    from rcnas_zoo.zoo.policy import names_policy
    from rcnas_zoo.zoo.show import describe

    if names_policy(name):
        _show_policy(name, as_json)
        return
    found = find_entry(name, Machine(), weights=False)
    version = f"version {found.version}, " if found.version else ""
    card = (found.entry.folder / "card.md").read_text(encoding="utf-8")
    data = {**describe(found.entry, found.version), "source": found.source}
    emit(as_json, data, f"{card}\n({version}from the {found.source}: {found.entry.folder})")


def _show_policy(name: str, as_json: bool) -> None:
    from rcnas_zoo.tracking.store import current_store
    from rcnas_zoo.workflows.machine import Machine
    from rcnas_zoo.zoo.policy_registry import find_policy
    from rcnas_zoo.zoo.show import describe_policy

    found = find_policy(name, Machine().cache, current_store())
    text = json.dumps(found.entry.config.to_dict(), indent=2, sort_keys=True)
    version = f"version {found.version}, " if found.version else ""
    emit(as_json, describe_policy(found), f"{text}\n\n({version}from the {found.source}: {found.entry.folder})")
