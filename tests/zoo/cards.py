"""What the tests of cards share."""


def rows(card: str) -> list[list[str]]:
    """The cells of every row of every table."""
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in card.splitlines() if line.startswith("|")
    ]
