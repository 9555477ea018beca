"""Parameter types: what is typed becomes a domain object at the edge. An empty text means the default.

`mlflow run` hands every parameter over as a text, also those that were not given; so each type here takes an empty
one for "not given".
"""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from rcnas_zoo.spec.attack import AttackName
from rcnas_zoo.spec.budget import Budget
from rcnas_zoo.spec.canonical import check_choice
from rcnas_zoo.spec.dataset import check_dataset_name
from rcnas_zoo.spec.errors import InvalidInput, shortened
from rcnas_zoo.spec.task import Task
from rcnas_zoo.spec.threat import ThreatModel


class Parsed(click.ParamType[Any]):
    """A type made of one parsing function; its errors are the package's own, after the name of the option."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value; None for an empty text."""
        if not isinstance(value, str):
            return value
        if not value and param is not None and param.required:
            raise click.MissingParameter(ctx=ctx, param=param)
        try:
            return self._parse(value) if value else None
        except InvalidInput as error:
            option = f"{param.opts[0]}: " if isinstance(param, click.Option) else ""
            raise InvalidInput(f"{option}{error}") from error


def _whole(low: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if number < low:
            raise InvalidInput(f"a whole number of at least {low} must be given, got {text!r}")
        return number

    return parse


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise InvalidInput(f"an accuracy must be a fraction in [0, 1], got {text!r}")
    return number


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise InvalidInput(f"a finite number of at least 0 must be given, got {text!r}")
    return number


def _fraction(text: str) -> float:
    try:
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if not 0 < number <= 1:
        raise InvalidInput(f"a fraction must be a number in (0, 1], such as 0.01 or 1/100, got {text!r}")
    return float(number)


_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smh]?)")


def _seconds(text: str) -> float:
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not 0 < seconds < 1e9:
        raise InvalidInput(f"a time must be above 0 and written like 90, 90s, 10m or 2h, got {text!r}")
    return seconds


_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
MOST_SEEDS = 100_000
LARGEST_SEED = 2**31 - 1


def _seeds(text: str) -> tuple[int, ...]:
    """A list of numbers and ranges; both ends of a range belong to it."""
    found: list[int] = []
    for word in text.split(","):
        match = _RANGE.fullmatch(word.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= LARGEST_SEED or last - first >= MOST_SEEDS - len(found):
            raise InvalidInput(
                f"seeds must be a list or an ascending range, such as 0,1,2 or 0-199, at most {MOST_SEEDS} of them "
                f"and none above {LARGEST_SEED}, got {shortened(text)}"
            )
        found.extend(range(first, last + 1))
    if len(set(found)) < len(found):
        raise InvalidInput(f"each seed must be given once, got {shortened(text)}")
    return tuple(found)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _attacks(text: str) -> tuple[str, ...]:
    return tuple(str(AttackName.parse(word)) for word in _words(text))


def _switch(text: str) -> bool:
    return check_choice("a switch", text, ["on", "off"]) == "on"


def _change(text: str) -> tuple[str, Any]:
    """``name=value``; the value is JSON, also without the brackets of a list, or else a text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InvalidInput(f"a change must be written name=value, such as beta=4, got {text!r}")
    for text in (value, value.lower(), f"[{value}]" if "," in value else value):
        try:
            return name, json.loads(text)
        except ValueError:
            continue
    return name, value


def _radii(text: str) -> tuple[str, ...]:
    for word in _words(text):
        ThreatModel.of("linf", word)
    return _words(text)


TASK = Parsed("task", Task.parse)
THREAT = Parsed("threat", ThreatModel.parse)
RADIUS = Parsed("radius", lambda text: ThreatModel.of("linf", text))
BUDGET = Parsed("macs", Budget.parse)
DATASET = Parsed("dataset", check_dataset_name)
ATTACKS = Parsed("attack", _attacks)
WORDS = Parsed("a,b,c", _words)
TEXT = Parsed("text", str)
FOLDER = Parsed("dir", Path)
COUNT = Parsed("n", _whole(0))
POSITIVE = Parsed("n", _whole(1))
NUMBER = Parsed("x", _number)
SHARE = Parsed("share", _share)
FRACTION = Parsed("fraction", _fraction)
RADII = Parsed("radii", _radii)
SECONDS = Parsed("time", _seconds)
CHANGE = Parsed("name=value", _change)
SEEDS = Parsed("seeds", _seeds)
SWITCH = Parsed("on|off", _switch)
