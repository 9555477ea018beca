"""How the command line is asked in a process of its own, and how its answers are read."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import Result

PROGRAM = Path(sys.executable).with_name("rcnas-zoo")
HEAVY = ("torch", "mlflow", "sqlalchemy", "numpy", "sklearn", "matplotlib", "optuna")


def loaded(*words: str, cwd: Path) -> list[str]:
    """The heavy packages that a command line imports."""
    program = (
        "import sys\nfrom rcnas_zoo_cli.main import main\n"
        f"try: main({list(words)!r})\nexcept SystemExit as end: assert not end.code\n"
        f"print('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=cwd)
    return done.stdout.rpartition("LOADED")[2].split()


def document(result: Result) -> Any:
    """The one JSON document that a command has printed, and nothing else."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(result: Result) -> str:
    """The one line of a command that has failed as it should."""
    assert result.stdout == ""
    return error_line(result)


def error_line(result: Result) -> str:
    """The one line on stderr that tells what is wrong."""
    assert result.exit_code != 0, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def tree(folder: Path) -> set[str]:
    """Every file and folder below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
