"""``rcnas-zoo verify``."""

import click

from ..options import json_option
from ..output import emit, say
from ..types import TEXT


@click.command("verify")
@click.argument("name_or_dir", type=TEXT)
@json_option
def command(name_or_dir: str, as_json: bool) -> int:
    """Check a network: hashes, spec, cost, weights, canary, and whether its numbers can be true.

    Exit code 4 if a check fails.

    Example: rcnas-zoo verify ./robust-2m
    """
    from rcnas_zoo.workflows.verify import verify_entry

    report = verify_entry(name_or_dir)
    data = {
        "name": name_or_dir,
        "passed": report.passed,
        "checks": [{"name": c.name, "passed": c.passed, "detail": c.detail} for c in report.checks],
    }
    lines = [f"{'ok  ' if c.passed else 'FAIL'}  {c.name}{': ' if c.detail else ''}{c.detail}" for c in report.checks]
    emit(as_json, data, "\n".join([*lines, "verified" if report.passed else "REFUSED"]))
    failed = [check for check in report.checks if not check.passed]
    if failed:
        say(f"error: every check must pass, {failed[0].name} does not: {failed[0].detail}; pull the entry again")
    return 4 if failed else 0
