"""The command line: ``python -m benchmarks.gpu COMMAND``; every command ends with one line on whatever goes wrong."""

import sys
from importlib import import_module

from benchmarks.gpu.options import parser
from benchmarks.gpu.slices import STARTED  # noqa: F401  (the slice counts from here)
from rcnas_zoo.spec.errors import RcnasError

APART = {"join": ("entry", "run_join"), "pack": ("loads", "run_pack"), "unpack": ("loads", "run_unpack")}


def main(words: list[str] | None = None) -> int:
    """Runs a command; its exit code, of an error that of its class."""
    arguments = parser().parse_args(words)
    module, function = APART.get(arguments.command, (arguments.command, "run"))
    try:
        code: int = getattr(import_module(f"benchmarks.gpu.{module}"), function)(arguments)
    except (RcnasError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    return code


if __name__ == "__main__":
    sys.exit(main())
