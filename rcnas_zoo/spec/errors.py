"""The errors of the package: one base, and one class for each exit code of the command line.

A message is one line: the condition that must hold, the value that came, the way out.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class RcnasError(Exception):
    """Base of every error that this package raises on purpose; exit code 1."""

    exit_code = 1


class InvalidInput(RcnasError, ValueError):
    """Something typed or given is wrong: a name, a radius, a file's content; exit code 2."""

    exit_code = 2


class NotFound(RcnasError, LookupError):
    """A well-formed zoo name, version, weights or data file is absent; exit code 3."""

    exit_code = 3


class IntegrityError(RcnasError, ValueError):
    """Stored weights or records do not match their hashes, canary or spec; exit code 4."""

    exit_code = 4


class Unavailable(RcnasError, RuntimeError):
    """A server, disk or memory that the work needs cannot be used now; exit code 1."""


class Diverged(Unavailable):
    """A training has lost its finite loss, so there is nothing to go on with; exit code 1."""


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A clause such as `` (did you mean 'pgd-20'?)``, or an empty string if nothing is close."""
    close = get_close_matches(word, list(choices), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def unknown_choice(what: str, word: object, choices: Iterable[str]) -> InvalidInput:
    """The error for a word outside a closed set: names the set, the word and its nearest neighbour."""
    choices = list(choices)
    hint = did_you_mean(str(word), choices)
    return InvalidInput(f"{what} must be one of {', '.join(choices)}, got {shortened(word)}{hint}")


def shortened(value: object) -> str:
    """The value as a message shows it: its repr on one line, cut at 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
