"""Zoo names: ``robust-5g``, ``robust-5g@champion`` or ``robust-5g:3``."""

import re
from dataclasses import dataclass

from rcnas_zoo.spec.canonical import check_integer, check_text
from rcnas_zoo.spec.errors import InvalidInput

CHAMPION = "champion"
"""The alias that a bare name means."""

MAX_VERSION = 10**9

# One character set serves folders, MLflow and shells: no slash, no colon, no space, no dot at either end.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_RESERVED = re.compile(r"latest|v[0-9]+", re.IGNORECASE)


@dataclass(frozen=True)
class ZooName:
    """A name with an alias, or a version, or neither (which means the alias ``champion``).

    Raises:
        InvalidInput: a name, alias or version of another form, an alias that MLflow keeps for itself, or both an
            alias and a version.
    """

    name: str
    alias: str | None = None
    version: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.alias is not None:
            check_alias(self.alias)
        if self.version is not None:
            check_integer("the version of a zoo name", self.version, 1, MAX_VERSION - 1)
        if self.alias is not None and self.version is not None:
            raise InvalidInput(f"a zoo name must have an alias or a version, not both, got {self}")

    @classmethod
    def parse(cls, text: str) -> "ZooName":
        """The zoo name in a text."""
        name, at, alias = text.partition("@")
        if at:
            return cls(name, alias=alias)
        name, colon, version = text.partition(":")
        if colon and _VERSION.fullmatch(version) is None:
            raise InvalidInput(f"a version must be a whole number from 1, such as robust-5g:3, got {text!r}")
        return cls(name, version=int(version) if colon else None)

    def __str__(self) -> str:
        alias = "" if self.alias is None else f"@{self.alias}"
        version = "" if self.version is None else f":{self.version}"
        return f"{self.name}{alias}{version}"


def check_name(name: object) -> str:
    """The name itself, checked to be usable as a folder, in MLflow and on a command line."""
    if _NAME.fullmatch(check_text("a zoo name", name)) is None:
        raise InvalidInput(
            "a zoo name must be 1 to 128 letters, digits, '.', '_' and '-' that begin and end with a letter or digit, "
            f"such as robust-5g, got {name!r}"
        )
    return str(name)


def check_alias(alias: object) -> str:
    """The alias itself, checked to be one that MLflow takes."""
    if _ALIAS.fullmatch(check_text("an alias", alias)) is None:
        raise InvalidInput(f"an alias must be 1 to 128 letters, digits, '_' and '-', such as champion, got {alias!r}")
    if _RESERVED.fullmatch(str(alias)):
        raise InvalidInput(
            f"an alias must not be 'latest' or 'v<number>', which MLflow keeps for itself, got {alias!r}; "
            "a version is written robust-5g:3"
        )
    return str(alias)
