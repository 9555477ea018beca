"""Canonical JSON, digests, and strict checks for fields that come from outside."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from hashlib import sha256
from typing import Any, TypeVar

from rcnas_zoo.spec.errors import InvalidInput, did_you_mean, unknown_choice

T = TypeVar("T")


def canonical_json(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, ASCII, no NaN or infinity.

    Raises:
        InvalidInput: the value holds NaN, infinity, or something JSON cannot say.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"a value must be plain finite JSON data: {error}") from error


def digest(value: object) -> str:
    """sha256 (64 hex digits) of the canonical JSON of a value."""
    return sha256(canonical_json(value).encode()).hexdigest()


def parse_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object in a text.

    Raises:
        InvalidInput: the text is not JSON, holds NaN or infinity, repeats a key, or is not an object.
    """
    try:
        data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} must be a JSON object: {error}") from error
    return as_object(data, what)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a finite number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        repeated = next(key for key in data if sum(key == other for other, _ in pairs) > 1)
        raise ValueError(f"field {repeated!r} stands twice")
    return data


def as_object(data: object, what: str) -> dict[str, Any]:
    """The value itself, checked to be a JSON object."""
    if not isinstance(data, dict):
        raise InvalidInput(f"{what} must be a JSON object, got {_short(data)}")
    return data


def check_fields(data: object, what: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object, checked to have every required field and none that is unknown."""
    found = as_object(data, what)
    required = list(required)
    known = [*required, *optional]
    for name in found:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise InvalidInput(f"{what} has no field {name!r}{hint}; it has {', '.join(known)}")
    missing = [name for name in required if name not in found]
    if missing:
        raise InvalidInput(f"{what} must have the field {missing[0]!r}, got {_short(sorted(found))}")
    return found


def dataclass_fields(cls: type[Any], data: object, what: str) -> dict[str, Any]:
    """The JSON object, checked against the fields of a dataclass (those with defaults are optional)."""
    required: list[str] = []
    optional: list[str] = []
    for field in fields(cls):
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        (optional if has_default else required).append(field.name)
    return check_fields(data, what, required, optional)


def check_integer(what: str, value: object, low: int, high: int | None = None) -> int:
    """An int in [low, high]; booleans are refused."""
    upper = "" if high is None else f" and at most {high}"
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(f"{what} must be a whole number, got {_short(value)}")
    if value < low or (high is not None and value > high):
        raise InvalidInput(f"{what} must be at least {low}{upper}, got {_short(value)}")
    return value


def check_number(what: str, value: object, low: float, high: float = math.inf) -> float:
    """A finite float in [low, high]; booleans are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{what} must be a number, got {_short(value)}")
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidInput(f"{what} must be a finite number in [{low}, {high}], got {_short(value)}")
    return float(value)


def check_text(what: str, value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} must be a text, got {_short(value)}")
    return value


def check_flag(what: str, value: object) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{what} must be true or false, got {_short(value)}")
    return value


def check_choice(what: str, value: object, choices: Iterable[str]) -> str:
    """A string out of a closed set."""
    choices = list(choices)
    if not isinstance(value, str) or value not in choices:
        raise unknown_choice(what, value, choices)
    return value


def check_list(what: str, value: object, length: int | None = None) -> list[Any]:
    """A JSON array (or tuple), of a fixed length if one is given."""
    if not isinstance(value, list | tuple):
        raise InvalidInput(f"{what} must be a list, got {_short(value)}")
    if length is not None and len(value) != length:
        raise InvalidInput(f"{what} must have {length} elements, got {_short(value)}")
    return list(value)


def check_mapping(what: str, value: object) -> Mapping[str, Any]:
    """A JSON object with free keys."""
    return as_object(value, what)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
