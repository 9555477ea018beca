"""Options that many commands share, and what they become."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .types import ATTACKS, COUNT, FOLDER, RADIUS, TEXT, THREAT

if TYPE_CHECKING:
    from rcnas_zoo.spec.threat import ThreatModel
    from rcnas_zoo.workflows.machine import Machine

F = TypeVar("F", bound=Callable[..., Any])


def stack(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
json_option = stack(click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."), debug_option)
quiet_option = stack(
    click.option("--quiet", is_flag=True, help="No progress on stderr."),
    click.option("-v", "--verbose", is_flag=True, help="A line for every epoch on stderr."),
)
device_option = click.option("--device", type=TEXT, help="auto (default), cpu or cuda[:n].")
data_root_option = click.option("--data-root", type=FOLDER, help="Folder of the data sets; default RCNAS_DATA.")
machine_options = stack(
    device_option,
    click.option("--workers", type=COUNT, help="Processes that train or attack; default one a core."),
    data_root_option,
    click.option("--download", is_flag=True, help="Fetch an absent data set."),
)


def threat_options(default: str) -> Callable[[F], F]:
    """``--threat`` and ``--eps``; `one_threat` makes one of them."""
    return stack(
        click.option("--threat", type=THREAT, help=f"Threat model such as linf@8/255; default {default}."),
        click.option("--eps", type=RADIUS, help="Linf radius alone, such as 8/255."),
    )


def attacks_option(help: str) -> Callable[[F], F]:
    """``--attack``, to be repeated or joined by commas; `flat` makes one list of it."""
    return click.option("--attack", "attacks", type=ATTACKS, multiple=True, help=f"{help} Repeat or join by commas.")


def flat(attacks: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The attacks that were given, once each; None if there are none."""
    return tuple(dict.fromkeys(name for group in attacks for name in group or ())) or None


def machine_of(
    device: str | None, workers: int | None = None, data_root: Path | None = None, download: bool = False
) -> "Machine":
    """The machine that the common options describe."""
    from rcnas_zoo.workflows.machine import Machine

    return Machine(data_root=data_root, download=download, device=device or "auto", workers=workers or 0)


def one_threat(threat: "ThreatModel | None", eps: "ThreatModel | None") -> "ThreatModel | None":
    """The threat of ``--threat`` or ``--eps``; both at once are refused."""
    if threat is not None and eps is not None and threat != eps:
        raise click.UsageError(f"--threat and --eps must not contradict each other, got {threat} and {eps}")
    return threat or eps


def given(**values: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value is not None}
