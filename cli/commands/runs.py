"""``rcnas-zoo runs``."""

import click

from ..options import json_option
from ..output import emit
from ..types import POSITIVE


@click.command("runs")
@click.option("--limit", type=POSITIVE, help="At most this many, the newest first; default 20.")
@json_option
def command(limit: int | None, as_json: bool) -> None:
    """List the runs of this store.

    State, progress, and the command that resumes an interrupted one.
    """
    from dataclasses import asdict

    from rcnas_zoo.spec.tables import render_table
    from rcnas_zoo.tracking.listing import list_runs
    from rcnas_zoo.tracking.store import current_store

    rows = list_runs(current_store(), limit or 20)
    resume = {row.id: row.command if row.status != "FINISHED" else "" for row in rows}
    cells = [[r.id[:12], r.workflow, r.name, r.status, r.started, r.progress, resume[r.id]] for r in rows]
    table = render_table(["run", "workflow", "name", "status", "started", "progress", "resume with"], cells)
    emit(as_json, [asdict(row) for row in rows], table if rows else "no runs in this store yet")
