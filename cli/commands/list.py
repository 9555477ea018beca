"""``rcnas-zoo list``."""

from typing import TYPE_CHECKING

import click

from ..options import json_option
from ..output import emit, say
from ..types import BUDGET, DATASET, SHARE, THREAT

if TYPE_CHECKING:
    from rcnas_zoo.spec.budget import Budget
    from rcnas_zoo.spec.threat import ThreatModel


@click.command("list")
@click.option("--dataset", type=DATASET, help="Only networks for this data set.")
@click.option("--max-macs", type=BUDGET, help="At most this many MACs, such as 5g.")
@click.option("--min-robust", type=SHARE, help="At least this robust accuracy, such as 0.5.")
@click.option("--threat", type=THREAT, help="Only this threat model, such as linf@8/255.")
@click.option("--refresh", is_flag=True, help="Read the registry itself and renew its index (slower).")
@json_option
def command(
    dataset: str | None,
    max_macs: "Budget | None",
    min_robust: float | None,
    threat: "ThreatModel | None",
    refresh: bool,
    as_json: bool,
) -> None:
    """List the networks of registry and catalogue.

    Example: rcnas-zoo list --dataset digits --max-macs 2m
    """
    from rcnas_zoo.workflows.listings import all_listings, listings_table
    from rcnas_zoo.zoo.listing import select

    rows = select(
        all_listings(refresh, say),
        dataset=dataset,
        max_macs=max_macs.macs if max_macs else None,
        min_robust=min_robust,
        threat=threat,
    )
    emit(as_json, [row.to_dict() for row in rows], listings_table(rows))
