"""Plain text tables, for terminals, logs and Markdown."""

from collections.abc import Sequence


def render_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table with aligned columns; numbers stand to the right, everything else to the left.

    Raises:
        ValueError: a row is not as long as the header.
    """
    cells = [[_text(value) for value in row] for row in rows]
    columns = list(zip(header, *cells, strict=True))
    widths = [max(len(text) for text in column) for column in columns]
    right = [all(map(_is_number, column[1:])) for column in columns]

    def line(texts: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(header), rule, *(line(row) for row in cells)])


def render_markdown(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The same table in Markdown; numbers stand to the right.

    Raises:
        ValueError: a row is not as long as the header.
    """
    cells = [[_text(value) for value in row] for row in rows]
    columns = list(zip(header, *cells, strict=True))
    rule = ["---:" if all(map(_is_number, column[1:])) else "---" for column in columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *cells))


def percent(fraction: float | None) -> str:
    """A fraction in [0, 1] as ``56.9 %``; ``-`` if it is not known."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text == "-" or text.removeprefix("-")[:1].isdigit()
