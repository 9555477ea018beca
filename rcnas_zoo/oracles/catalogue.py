"""The oracles by name: those that ship with the package, and files."""

from pathlib import Path

from rcnas_zoo.oracles.nares import read_nares
from rcnas_zoo.oracles.store import SUFFIX, read_table
from rcnas_zoo.oracles.table import Table
from rcnas_zoo.spec.errors import InvalidInput, did_you_mean, shortened

TABLES = Path(__file__).with_name("tables")
NARES = "nares:"


def oracle_names() -> list[str]:
    """The tables that ship with the package, by name."""
    return sorted(path.name.removesuffix(SUFFIX) for path in TABLES.glob(f"*{SUFFIX}"))


def load_oracle(name: str) -> Table:
    """A table by its name, the one in a file of our format, or that of ``nares:FILE`` (see `read_nares`).

    Raises:
        InvalidInput: neither a shipped name nor a file, or a file that is no table.
        NotFound: a path at which there is nothing.
        IntegrityError: the file is damaged.
    """
    if name in oracle_names():
        return read_table(TABLES / f"{name}{SUFFIX}")
    if name.startswith(NARES):
        return read_nares(Path(name.removeprefix(NARES)))
    path = Path(name)
    if path.is_file() or len(path.parts) > 1 or name.endswith(SUFFIX):
        return read_table(path)
    shipped = oracle_names()
    raise InvalidInput(
        f"an oracle must be one of {', '.join([*shipped, f'FILE{SUFFIX}', f'{NARES}FILE'])}, got {shortened(name)}"
        f"{did_you_mean(name, shipped)}"
    )
