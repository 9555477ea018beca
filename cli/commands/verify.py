"""``rcnas-zoo verify``."""

from pathlib import Path

import click

from ..options import data_root_option, json_option, machine_of
from ..output import emit
from ..types import DATASET, TEXT


@click.command("verify")
@click.argument("name_or_dir", type=TEXT)
@click.option("--model", type=TEXT, help="The network that a report is of, if not the one it names.")
@click.option("--dataset", type=DATASET, help="The images, if not those it names; files only if they are given here.")
@data_root_option
@json_option
def command(name_or_dir: str, model: str | None, dataset: str | None, data_root: Path | None, as_json: bool) -> None:
    """Check a network, a policy, or a report of evaluate.

    A policy is one of the search agent; a report is a folder that evaluate --to has made. Looks at hashes, spec, cost,
    weights and canary, and whether the numbers can be true. If there is a receipt and the images are at hand, robust
    accuracy is proved again: by stored adversarial examples, without an attack.

    Exit code 4 if a check fails.

    Example: rcnas-zoo verify ./robust-2m
    """
    from rcnas_zoo.spec.errors import IntegrityError
    from rcnas_zoo.workflows.verify import verify_entry

    report = verify_entry(name_or_dir, machine_of("cpu", data_root=data_root), model, dataset)
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
