"""The command ``rcnas-zoo``: a group whose subcommands are imported when they are asked for."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from rcnas_zoo.spec.errors import RcnasError, Unavailable, unknown_choice
from rcnas_zoo.version import VERSION

from .termination import TERMINATED_CODE, Terminated, heeding_sigterm

COMMANDS = (
    "list",
    "show",
    "pull",
    "verify",
    "evaluate",
    "compare",
    "corruptions",
    "benchmark",
    "finetune",
    "meta-train",
    "train",
    "retrain",
    "publish",
    "plan",
    "reproduce",
    "runs",
    "doctor",
)

SHARED = ("train", "retrain")
"""The commands whose work the processes of torchrun can share."""

AGAIN = "give the same command again, what was kept is not done twice"


class LazyGroup(click.Group):
    """Imports a subcommand's file when it is needed, and turns every error into one line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The subcommands, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of a name, or None."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".commands.{cmd_name.replace('-', '_')}", __package__).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but an unknown subcommand is answered with the nearest known one."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise unknown_choice("a command", args[0], COMMANDS)
        if "TORCHELASTIC_RUN_ID" in os.environ and args[0] not in SHARED:
            raise click.UsageError(f"torchrun must start train or retrain, got {args[0]}; start this one without it")
        return super().resolve_command(ctx, args)

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> Any:
        """Run the command line and exit; see the exit codes in the group's help, which no arguments at all ask for."""
        arguments = list(sys.argv[1:] if args is None else args)
        # The object of the context is what was typed.
        extra |= {"standalone_mode": False, "obj": arguments}
        try:
            with heeding_sigterm():
                sys.exit(super().main(arguments or ["--help"], *others, **extra))
        except (Exception, KeyboardInterrupt, Terminated) as error:
            if "--debug" in arguments:
                traceback.print_exc()
            message, code = explain(error)
            # Of the processes of torchrun, which all meet the same error, one speaks.
            if os.environ.get("RANK", "0") == "0" or isinstance(error, Unavailable):
                click.echo(f"error: {message}", err=True)
            sys.exit(code)


def explain(error: BaseException) -> tuple[str, int]:
    """One line and an exit code for anything that went wrong."""
    if isinstance(error, RcnasError):
        return one_line(error), error.exit_code
    if isinstance(error, click.UsageError):
        hint = f"; see {error.ctx.command_path} --help" if error.ctx else ""
        return one_line(error.format_message()).rstrip(".") + hint, 2
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return f"interrupted; {AGAIN}", 1
    if isinstance(error, Terminated):
        return f"terminated; {AGAIN}", TERMINATED_CODE
    if isinstance(error, MemoryError):
        return "out of memory; take fewer workers with --workers or a smaller network", 1
    return f"{type(error).__name__}: {one_line(error)}; add --debug for the traceback", 1


def one_line(message: object) -> str:
    """A message without line breaks."""
    return " ".join(str(message).split())


@click.group(
    "rcnas-zoo", cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(VERSION, prog_name="rcnas-zoo")
def main() -> None:
    """Search, train, measure and share small image classifiers that stay right under attack.

    \b
    rcnas-zoo list                                   what there is
    rcnas-zoo pull robust-2m                         get a trained network
    rcnas-zoo evaluate robust-2m --attack pgd-20     attack it
    rcnas-zoo finetune digits/pgd-20/wrn-16-2/2m     search one of your own

    Exit codes: 0 done; 1 something failed on the way; 2 something typed or given is wrong; 3 not found; 4 integrity
    refused.
    """  # noqa: D301 (click looks for the backspace itself, before text that it must not wrap)
