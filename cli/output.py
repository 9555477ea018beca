"""What goes to stdout and what to stderr."""

import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

import click


def emit(as_json: bool, data: Any, text: str) -> None:
    """One JSON document, or a text for people, on stdout."""
    click.echo(json.dumps(data, indent=2, sort_keys=True, allow_nan=False) if as_json else text)


def command_line(arguments: Sequence[str]) -> str:
    """What gives this command again, under torchrun if this process is."""
    processes = os.environ.get("LOCAL_WORLD_SIZE")
    launcher = ["torchrun", "--nproc-per-node", processes, "--no-python"] if processes else []
    return shlex.join([*launcher, "rcnas-zoo", *arguments])


def say_store() -> None:
    """Tell once, on stderr, which store the work is kept in."""
    from rcnas_zoo.tracking.store import current_store
    from rcnas_zoo.tracking.uris import shown

    say(f"tracking store: {shown(current_store().tracking_uri)}")


def say(message: str) -> None:
    """A line for people on stderr."""
    click.echo(message, err=True)
