"""``rcnas-zoo doctor``."""

from pathlib import Path

import click

from ..options import json_option, machine_of, machine_options
from ..output import emit


@click.command("doctor")
@machine_options
@json_option
def command(device: str | None, workers: int | None, data_root: Path | None, download: bool, as_json: bool) -> int:
    """Look at this machine: packages, device, stores, MLflow environment managers, data sets, shipped networks.

    Exit code 1 if something that the package needs does not work.
    """
    from dataclasses import asdict

    from rcnas_zoo.workflows.doctor import examine

    findings = examine(machine_of(device, workers, data_root, download))
    marks = {True: "ok  ", False: "no  "}
    lines = [f"{marks[f.works] if f.works or not f.needed else 'FAIL'}  {f.name}: {f.detail}" for f in findings]
    emit(as_json, [asdict(finding) for finding in findings], "\n".join(lines))
    return 0 if all(finding.works for finding in findings if finding.needed) else 1
