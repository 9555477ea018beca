"""Pieces of Markdown that cards are made of."""

import json
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; what is in a cell is put on one line."""
    rule = ["---"] * len(header)
    return "\n".join(f"| {' | '.join(_cell(value) for value in row)} |" for row in (header, rule, *rows))


def _cell(value: object) -> str:
    return " ".join(str(value).replace("|", "\\|").split())


def json_block(value: object) -> str:
    """JSON data as a block of code."""
    return f"```json\n{json.dumps(value, indent=2, sort_keys=True)}\n```"


def times(sides: Sequence[int]) -> str:
    """A shape such as ``3 x 32 x 32``."""
    return " x ".join(map(str, sides))
