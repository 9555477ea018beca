"""Threat models: how far an attacker may move an input."""

import re
from dataclasses import dataclass
from fractions import Fraction

from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.errors import InvalidInput, shortened

NORMS = ("linf", "l2")
# A radius is stored as a fraction: whatever decimal is taken here, its fraction must be taken too.
_RADIUS = re.compile(r"\d{1,9}\.\d{1,12}|\d{1,21}(?:/\d{1,21})?", re.ASCII)
_PIXEL_STEPS = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True)
class ThreatModel:
    """A norm ball around the input, written ``linf@8/255``.

    The radius is a fraction in the units of the input's value range [0, 1]: in (0, 1] for Linf, above 0 for L2.
    The value range itself belongs to the network's spec.

    Raises:
        InvalidInput: unknown norm, or a radius outside its range.
    """

    norm: str
    radius: Fraction

    def __post_init__(self) -> None:
        check_choice("the norm of a threat", self.norm, NORMS)
        if self.radius <= 0 or (self.norm == "linf" and self.radius > 1):
            raise InvalidInput(_radius_message(self.norm, str(self.radius)))

    @classmethod
    def parse(cls, text: str) -> "ThreatModel":
        """The threat in ``linf@8/255``, ``l2@0.5``, or a bare radius (``8/255``), which is Linf."""
        norm, at, radius = text.strip().rpartition("@")
        return cls.of(norm if at else "linf", radius)

    @classmethod
    def of(cls, norm: str, radius: str) -> "ThreatModel":
        """The threat of a norm and a radius written as a fraction or decimal."""
        if _RADIUS.fullmatch(radius) is None:
            raise InvalidInput(_radius_message(norm, radius))
        try:
            return cls(norm, Fraction(radius))
        except ZeroDivisionError as error:
            raise InvalidInput(_radius_message(norm, radius)) from error

    def __str__(self) -> str:
        return f"{self.norm}@{self.radius}"

    @property
    def slug(self) -> str:
        """The threat as MLflow allows it in an alias: ``linf-8-255``."""
        return str(self).replace("@", "-").replace("/", "-")


def _radius_message(norm: str, radius: str) -> str:
    pixel_steps = _PIXEL_STEPS.fullmatch(radius) and int(radius) <= 255
    hint = f"; write {radius}/255 if you mean pixel steps" if pixel_steps else ""
    allowed = "a fraction or decimal in (0, 1] such as 8/255" if norm != "l2" else "above 0 such as 0.5"
    return f"the radius of a threat must be {allowed}, got {shortened(radius)}{hint}"
