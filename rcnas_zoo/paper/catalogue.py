"""The tables of the paper by name. They come with the package."""

from functools import lru_cache
from pathlib import Path

from rcnas_zoo.paper.table import Table
from rcnas_zoo.spec.errors import unknown_choice

SOURCE = "arXiv:2406.06792"
TABLES = Path(__file__).with_name("tables")


def table_names() -> list[str]:
    """The tables that there are, in the paper's order; table 8 is its list of symbols."""
    return sorted((path.stem for path in TABLES.glob("table-*.json")), key=lambda name: int(name.partition("-")[2]))


@lru_cache(maxsize=16)
def load_table(name: str) -> Table:
    """The table of a name.

    Raises:
        InvalidInput: an unknown name; the message offers the nearest known one.
    """
    if name not in table_names():
        raise unknown_choice("a table of the paper", name, table_names())
    return Table.from_json((TABLES / f"{name}.json").read_text(encoding="utf-8"))
