"""``rcnas-zoo verify``."""

import click

from ..options import json_option
from ..output import emit
from ..types import TEXT


@click.command("verify")
@click.argument("name_or_dir", type=TEXT)
@json_option
def command(name_or_dir: str, as_json: bool) -> None:
    """Check a network.

    Looks at its hashes, spec, cost, weights and canary, and whether its numbers can be true.

    Exit code 4 if a check fails.

    Example: rcnas-zoo verify ./robust-2m
    """
    from rcnas_zoo.spec.errors import IntegrityError
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
        raise IntegrityError(f"every check must pass, but {failed[0].name!r} does not: {failed[0].detail}")
