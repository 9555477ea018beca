"""Evaluations that were cut off, and whether they may go on."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rcnas_zoo.spec.canonical import canonical_json, digest
from rcnas_zoo.spec.errors import IntegrityError
from rcnas_zoo.zoo.files import replace_file

_WHAT = {
    "weights": "weights",
    "code": "code",
    "spec": "architecture",
    "data": "images",
    "source": "source",
}


def token_of(cache: Path, asked: Mapping[str, Any], identity: Mapping[str, str], *, resume: bool, known: bool) -> str:
    """What the ledgers of an evaluation are named by, beside all that decides their verdicts.

    What is known by its hashes alone needs nothing more, and its verdicts are always taken up again. Of the user's own
    code hashes do not tell everything (it may import what has changed), so it begins anew unless told to ``resume``.

    Args:
        cache: root folder of the caches.
        asked: what was typed, plain JSON data: it finds the evaluation again.
        identity: what the verdicts hang on, name to hash.
        resume: whether the evaluation of before is to go on.
        known: whether the hashes say all.

    Raises:
        IntegrityError: the evaluation of before is of something else, under the same name.
        Unavailable: the cache cannot be written.
    """
    path = cache / "evaluations" / f"{digest(dict(asked))}.json"
    before = _read(path) if resume else None
    if before is not None:
        _check_same(before["identity"], identity)
    fresh = "" if known else secrets.token_hex(8)
    token = before["token"] if before is not None else fresh
    replace_file(path, canonical_json({"identity": dict(identity), "token": token}).encode())
    return str(token)


def _check_same(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    for name, value in now.items():
        if before.get(name) != value:
            raise IntegrityError(
                f"an evaluation can be resumed with the same {_WHAT.get(name, name)} alone, but they were "
                f"{str(before.get(name))[:12]} and are {value[:12]} now; leave out --resume to begin anew"
            )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
        return found if isinstance(found["identity"], dict) and isinstance(found["token"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
