"""``rcnas-zoo doctor``."""

from pathlib import Path

import click

from ..options import data_root_option, device_option, json_option, machine_of
from ..output import emit


@click.command("doctor")
@device_option
@data_root_option
@json_option
def command(device: str | None, data_root: Path | None, as_json: bool) -> None:
    """Look at what is installed and what works.

    Packages, device, stores, MLflow environment managers, data sets, shipped networks. Exit code 1 if something that
    the package needs does not work.
    """
    from dataclasses import asdict

    from rcnas_zoo.spec.errors import Unavailable
    from rcnas_zoo.workflows.doctor import examine

    findings = examine(machine_of(device, data_root=data_root))
    marks = {True: "ok  ", False: "no  "}
    lines = [f"{marks[f.works] if f.works or not f.needed else 'FAIL'}  {f.name}: {f.detail}" for f in findings]
    emit(as_json, [asdict(finding) for finding in findings], "\n".join(lines))
    broken = [finding for finding in findings if finding.needed and not finding.works]
    if broken:
        raise Unavailable(f"what the package needs must work, but {broken[0].name} does not: {broken[0].detail}")
