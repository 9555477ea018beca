"""Compute budgets in multiply-accumulates (MACs) of one image.

What the field prints as "GFLOPs" are giga-MACs: WRN-28-10 is 5.24 G on a 32x32 image.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.errors import InvalidInput, shortened

MAX_MACS = 10**18
_UNITS = {"g": 10**9, "m": 10**6, "k": 10**3}
_PATTERN = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)([kmg])", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Budget:
    """A count of MACs, written ``5g``, ``800m`` or ``500k``.

    Raises:
        InvalidInput: the count is not a whole number from 1 to 10^18.
    """

    macs: int

    def __post_init__(self) -> None:
        check_integer("a budget", self.macs, 1, MAX_MACS)

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """The budget in a text such as ``5g``; a bare number is refused, for its unit would be a guess."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise InvalidInput(
                f"a budget must be a number of MACs with a unit, such as 5g, 800m or 500k, got {shortened(text)}"
            )
        macs = Decimal(match[1]) * _UNITS[match[2].lower()]
        if macs != int(macs):
            raise InvalidInput(f"a budget must be a whole number of MACs, got {shortened(text)}")
        return cls(int(macs))

    def __str__(self) -> str:
        for unit, size in _UNITS.items():
            if self.macs % size == 0:
                return f"{self.macs // size}{unit}"
        return f"{Decimal(self.macs) / 1000}k"


def format_macs(macs: int) -> str:
    """A count of MACs for people: ``5.24 G``, ``1.97 M``."""
    for unit, size in _UNITS.items():
        if macs >= size:
            return f"{macs / size:.2f} {unit.upper()}"
    return str(macs)
