"""Network specs: the only description of an architecture, everywhere.

A spec is frozen data, a tagged union over ``kind``. Its canonical JSON is its identity: ``digest`` is the sha256 of
it, and a new kind never changes an old digest.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rcnas_zoo.spec.canonical import (
    canonical_json,
    check_choice,
    check_fields,
    check_integer,
    check_list,
    check_number,
    check_present,
    digest,
    parse_object,
)
from rcnas_zoo.spec.errors import InvalidInput, unknown_choice

FORMAT = 1


@dataclass(frozen=True)
class InputSpec:
    """What a network takes: float images of shape (N, C, H, W) with values in [low, high].

    Raises:
        InvalidInput: a side below 1 or above 4096, or an empty value range.
    """

    shape: tuple[int, int, int]
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        sides = check_list("the input shape", self.shape, 3)
        object.__setattr__(self, "shape", tuple(check_integer("an input side", s, 1, 4096) for s in sides))
        object.__setattr__(self, "low", check_number("the lower input value", self.low, -1e9, 1e9))
        object.__setattr__(self, "high", check_number("the upper input value", self.high, -1e9, 1e9))
        if self.low >= self.high:
            raise InvalidInput(f"the input range must be [low, high], got [{self.low}, {self.high}]")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"kind": "image", "shape": list(self.shape), "range": [self.low, self.high]}

    @classmethod
    def from_dict(cls, data: object) -> "InputSpec":
        """The input of plain JSON data, strictly checked."""
        found = check_fields(data, "the input of a network spec", ["kind", "shape", "range"])
        check_choice("the kind of an input", found["kind"], ["image"])
        low, high = check_list("the input range", found["range"], 2)
        return cls(found["shape"], low, high)


class NetworkSpec(ABC):
    """Base of every kind of architecture. Subclasses are frozen dataclasses registered by `network_kind`."""

    kind: ClassVar[str]
    input: InputSpec
    classes: int

    @abstractmethod
    def body(self) -> dict[str, Any]:
        """The fields of this kind alone, as plain JSON data."""

    @classmethod
    @abstractmethod
    def from_body(cls, input: InputSpec, classes: int, body: dict[str, Any]) -> "NetworkSpec":
        """The spec of these parts; refuses unknown and missing fields."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON data, kind and format included."""
        head = {"kind": self.kind, "format": FORMAT, "input": self.input.to_dict(), "classes": self.classes}
        return {**head, **self.body()}

    def to_json(self) -> str:
        """The canonical JSON text."""
        return canonical_json(self.to_dict())

    @cached_property
    def digest(self) -> str:
        """sha256 of the canonical JSON, 64 hex digits."""
        return digest(self.to_dict())

    @staticmethod
    def from_json(text: str) -> "NetworkSpec":
        """The spec in a JSON text, strictly checked.

        Raises:
            InvalidInput: not JSON, an unknown kind, format or field, or a value out of its range.
        """
        return NetworkSpec.from_dict(parse_object(text, "a network spec"))

    @staticmethod
    def from_dict(data: object) -> "NetworkSpec":
        """The spec of plain JSON data; see `from_json`."""
        body = dict(check_present(data, "a network spec", ["kind", "format", "input", "classes"]))
        kind, form = body.pop("kind"), body.pop("format")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise unknown_choice("the kind of a network spec", kind, _KINDS)
        check_integer("the format of a network spec", form, FORMAT, FORMAT)
        given_input, classes = InputSpec.from_dict(body.pop("input")), body.pop("classes")
        return _KINDS[kind].from_body(given_input, classes, body)


_KINDS: dict[str, type[NetworkSpec]] = {}


def network_kind(cls: type[NetworkSpec]) -> type[NetworkSpec]:
    """Class decorator: makes a kind known to `NetworkSpec.from_dict`; a name taken twice is an error."""
    if cls.kind in _KINDS:
        raise InvalidInput(f"the network kind {cls.kind!r} is registered already by {_KINDS[cls.kind]!r}")
    _KINDS[cls.kind] = cls
    return cls


def network_kinds() -> list[str]:
    """The registered kinds, sorted."""
    return sorted(_KINDS)
