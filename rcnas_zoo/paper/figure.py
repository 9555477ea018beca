"""A number as it is printed in a table, with its deviation where one is given."""

import re
from dataclasses import dataclass
from decimal import Decimal

from rcnas_zoo.spec.errors import InvalidInput, shortened

_PRINTED = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)(?:±(\d{1,3}(?:\.\d{1,2})?))?", re.ASCII)


@dataclass(frozen=True)
class Figure:
    """A printed number, such as ``86.32±0.08``; kept as it is printed, for trailing zeros are part of it.

    Raises:
        InvalidInput: anything but a number of at most three digits and two decimals, and a deviation of that form.
    """

    printed: str

    def __post_init__(self) -> None:
        if not isinstance(self.printed, str) or _PRINTED.fullmatch(self.printed) is None:
            raise InvalidInput(f"a figure must be printed as 86.32 or 86.32±0.08, got {shortened(self.printed)}")

    @property
    def value(self) -> float:
        """The number, in the unit of its table."""
        return float(self.printed.partition("±")[0])

    @property
    def deviation(self) -> float | None:
        """What stands after the ±, in the same unit; None if there is nothing."""
        return float(self.printed.partition("±")[2]) if "±" in self.printed else None

    @property
    def fraction(self) -> float:
        """The number of a table in percent, in [0, 1]: the float next to it, as if it were printed so."""
        return float(Decimal(self.printed.partition("±")[0]) / 100)

    def __str__(self) -> str:
        return self.printed
