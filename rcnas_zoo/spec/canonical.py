"""Canonical JSON, digests, and strict checks for fields that come from outside."""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from hashlib import sha256
from typing import Any

from rcnas_zoo.spec.errors import InvalidInput, did_you_mean, shortened, unknown_choice

MAX_NESTING = 64


def canonical_json(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces, ASCII, no NaN or infinity.

    Raises:
        InvalidInput: the value holds NaN, infinity, or something JSON cannot say.
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"a value must be plain finite JSON data: {error}") from error


def digest(value: object) -> str:
    """sha256 (64 hex digits) of the canonical JSON of a value."""
    return sha256(canonical_json(value).encode()).hexdigest()


def parse_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object in a text.

    Raises:
        InvalidInput: the text is not JSON, holds NaN or infinity, repeats a key, nests too deep, or is not an object.
    """
    try:
        data = json.loads(text, parse_constant=_finite, parse_float=_finite, object_pairs_hook=_unique)
        _check_nesting(data, MAX_NESTING)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} must be a JSON object: {error}") from error
    return as_object(data, what)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{shortened(text)} is not a finite number")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"field {shortened(repeated)} stands twice")
    return data


def _check_nesting(value: object, levels: int) -> None:
    """Refuses what later recursions (repr, copying, writing) could not follow."""
    if isinstance(value, dict | list):
        if not levels:
            raise ValueError(f"it nests deeper than {MAX_NESTING} levels")
        for child in value.values() if isinstance(value, dict) else value:
            _check_nesting(child, levels - 1)


def as_object(data: object, what: str) -> dict[str, Any]:
    """The value itself, checked to be a JSON object."""
    if not isinstance(data, dict):
        raise InvalidInput(f"{what} must be a JSON object, got {shortened(data)}")
    return data


def check_fields(data: object, what: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object, checked to have every required field and none that is unknown."""
    found = as_object(data, what)
    required = list(required)
    known = [*required, *optional]
    for name in found:
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise InvalidInput(f"{what} has no field {shortened(name)}{hint}; it has {', '.join(known)}")
    return check_present(found, what, required)


def check_present(data: object, what: str, required: Iterable[str]) -> dict[str, Any]:
    """The JSON object, checked to have every required field."""
    found = as_object(data, what)
    missing = [name for name in required if name not in found]
    if missing:
        raise InvalidInput(f"{what} must have the field {missing[0]!r}, got {shortened(sorted(found))}")
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
        raise InvalidInput(f"{what} must be a whole number, got {shortened(value)}")
    if value < low or (high is not None and value > high):
        raise InvalidInput(f"{what} must be at least {low}{upper}, got {shortened(value)}")
    return value


def check_number(what: str, value: object, low: float, high: float = math.inf) -> float:
    """A finite float in [low, high]; booleans are refused. -0.0 becomes 0.0, for equal numbers need equal digests."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(f"{what} must be a number, got {shortened(value)}")
    if not low <= value <= min(high, sys.float_info.max):
        raise InvalidInput(f"{what} must be a finite number in [{low}, {high}], got {shortened(value)}")
    return float(value) + 0.0


def check_text(what: str, value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} must be a text, got {shortened(value)}")
    return value


def check_flag(what: str, value: object) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{what} must be true or false, got {shortened(value)}")
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
        raise InvalidInput(f"{what} must be a list, got {shortened(value)}")
    if length is not None and len(value) != length:
        raise InvalidInput(f"{what} must have {length} elements, got {shortened(value)}")
    return list(value)


def check_mapping(what: str, value: object) -> Mapping[str, Any]:
    """A JSON object with free keys."""
    return as_object(value, what)
