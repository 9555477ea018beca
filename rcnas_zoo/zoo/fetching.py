"""Weights that are too large for the wheel, from the https address in the record of a shipped entry.

Of entries that anybody may have made the address is never asked.
"""

from collections.abc import Generator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    UnknownHandler,
)

from rcnas_zoo.spec.errors import IntegrityError, NotFound, Unavailable
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.spec.record import Record
from rcnas_zoo.zoo.advice import how_to_get
from rcnas_zoo.zoo.entry import WEIGHTS, Entry

HANDLERS = (
    ProxyHandler,
    HTTPSHandler,
    HTTPRedirectHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    UnknownHandler,
)
"""None of plain http, ftp or files among them, so no redirection leads there."""

SILENT_SECONDS = 30.0
"""How long a server may say nothing."""

_BLOCK = 1 << 20
_MB = 1_000_000


def check_here(entry: Entry) -> None:
    """The weights of a shipped entry, if it has any, lie on this machine; only pulling fetches them.

    Raises:
        NotFound: they do not.
    """
    if not entry.is_whole:
        name = entry.record.name
        raise NotFound(
            f"the weights of {name} must be on this machine, but they were not installed; "
            f"fetch them, then name that folder: rcnas-zoo pull {name}"
        )


def check_fetchable(record: Record, offline: bool) -> None:
    """The weights of a record may be fetched, and it tells from where.

    Raises:
        NotFound: they may not, or it does not.
    """
    if not record.weights_url:
        raise NotFound(
            f"the weights of {record.name} must be on this machine, but they were not installed and their record tells "
            f"no address; copy {WEIGHTS} from {_sources(record)} to the installed catalogue, or "
            f"{how_to_get(record.name, in_catalogue=True)}"
        )
    if offline:
        raise NotFound(
            f"the weights of {record.name} must be on this machine when offline, but they lie at {record.weights_url}; "
            "leave out --offline, or pull the architecture alone: --architecture"
        )


def fetch_weights(record: Record, folder: Path, observer: Observer) -> None:
    """Fetch the weights of a record into a folder where nobody looks for them yet.

    Raises:
        IntegrityError: what comes is larger than the record says, or has another sha256.
        Unavailable: the server does not answer, or not to the end.
    """
    hashed, received = sha256(), 0
    _tell(observer, record, received)
    with (folder / WEIGHTS).open("xb") as file, closing(_blocks(record)) as blocks:
        for block in blocks:
            received += len(block)
            if received > record.weights_size:
                raise _refused(record, f"have the {record.weights_size} bytes of their record, got more")
            hashed.update(block)
            file.write(block)
            _tell(observer, record, received)
    if received < record.weights_size:
        raise _silent(record, f"{received} bytes of {record.weights_size}")
    if hashed.hexdigest() != record.files[WEIGHTS]:
        raise _refused(record, f"match the sha256 of their record, got {hashed.hexdigest()}")


def _blocks(record: Record) -> Generator[bytes, None, None]:
    opener = OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    try:
        with opener.open(record.weights_url, timeout=SILENT_SECONDS) as answer:
            while block := answer.read(_BLOCK):
                yield block
    except (OSError, HTTPException) as error:
        raise _silent(record, getattr(error, "reason", None) or error) from error


def _tell(observer: Observer, record: Record, received: int) -> None:
    """In whole MB, as many people read a size; the last only when all is there."""
    total = -(-record.weights_size // _MB)
    done = total if received == record.weights_size else received // _MB
    observer.progress(f"weights of {record.name}, MB", done, total)


def _silent(record: Record, got: object) -> Unavailable:
    return Unavailable(f"{record.weights_url} must give the weights of {record.name}, got {got}; try again later")


def _refused(record: Record, condition: str) -> IntegrityError:
    return IntegrityError(
        f"the weights of {record.name} at {record.weights_url} must {condition}; nothing was kept, "
        f"take them from {_sources(record)}"
    )


def _sources(record: Record) -> str:
    return f"registry/{record.name} of a checkout"
