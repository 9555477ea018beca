"""Attack names, such as ``pgd-20``, ``cw-40``, ``autoattack`` and its parts, ``a3``, ``torchattacks:FGSM``."""

import re
from dataclasses import dataclass

from rcnas_zoo.spec.errors import InvalidInput, unknown_choice

AUTOATTACK_PARTS = ("apgd-ce", "apgd-dlr", "apgd-t", "fab-t", "square")
PLAIN_ATTACKS = (
    *("clean", "fgsm", "autoattack", "autoattack-rand"),
    *AUTOATTACK_PARTS,
    *("hopskipjump", "naa", "a3", "a3-search"),
)
STEPPED_ATTACKS = ("pgd", "cw")
PROTOCOLS = ("default", "rrn", "rdnas")
"""Ways to run the stepped attacks: this package's, and those of the papers whose numbers they are held against."""
PEER_PREFIX = "torchattacks"
_STEPPED = re.compile(r"([a-z]+)-([1-9][0-9]{0,4})")
_PEER = re.compile(r"torchattacks:([A-Za-z][A-Za-z0-9]*)")


@dataclass(frozen=True)
class AttackName:
    """A parsed attack name.

    Attributes:
        family: one of `PLAIN_ATTACKS`, ``pgd``, ``cw`` or ``torchattacks``.
        steps: gradient steps, for ``pgd`` and ``cw``; else 0.
        peer: the class in torchattacks, for ``torchattacks:NAME``; else empty.
    """

    family: str
    steps: int = 0
    peer: str = ""

    @classmethod
    def parse(cls, text: str) -> "AttackName":
        """The attack in a text.

        Raises:
            InvalidInput: an unknown attack; the message offers the nearest known one.
        """
        if text in PLAIN_ATTACKS:
            return cls(text)
        if match := _PEER.fullmatch(text):
            return cls(PEER_PREFIX, peer=match[1])
        match = _STEPPED.fullmatch(text)
        if match and match[1] in STEPPED_ATTACKS:
            return cls(match[1], steps=int(match[2]))
        if text in STEPPED_ATTACKS:
            raise InvalidInput(f"an attack {text} must name its steps, such as {text}-20, got {text!r}")
        raise unknown_choice("an attack", text, [*PLAIN_ATTACKS, "pgd-20", "cw-40", "torchattacks:NAME"])

    def __str__(self) -> str:
        if self.peer:
            return f"{PEER_PREFIX}:{self.peer}"
        return f"{self.family}-{self.steps}" if self.steps else self.family
