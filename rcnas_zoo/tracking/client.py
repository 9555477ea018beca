"""MLflow's client, imported late and kept quiet; what it raises, told in one line."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.tracking.uris import shown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.store.entities.paged_list import PagedList

T = TypeVar("T")

BRIEF_SECONDS = 5
"""How long a server may take for one request of those that can be tried again later."""

# MLflow reads them when it is imported: no telemetry, no tracebacks in its log, nothing on stdout.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def make_client(tracking_uri: str, registry_uri: str) -> MlflowClient:
    """A client of two stores; makes the tables of an empty database."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        # Its own and SQLAlchemy's deprecations, told when modules and tables are first used: nothing a user can mend.
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri, registry_uri)
        client.search_experiments(max_results=1)
        client.search_registered_models(max_results=1)
    return client


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Tells in one line, as `Unavailable`, that a store or its files cannot be used."""
    try:
        yield
    except _failures() as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:").replace(uri, shown(uri))
        raise Unavailable(
            f"the MLflow store {shown(uri)} must take what is asked of it: {reason}; "
            "mend it, or set MLFLOW_TRACKING_URI to another"
        ) from error


@contextmanager
def asked_once() -> Iterator[None]:
    """MLflow asks a server once and waits for seconds; outside it tries again for minutes."""
    brief = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(BRIEF_SECONDS)}
    usual = {name: os.environ.get(name) for name in brief}
    os.environ.update(brief)
    try:
        yield
    finally:
        for name, value in usual.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _failures() -> tuple[type[Exception], ...]:
    # Only looked up when something has failed, and then MLflow is imported already.
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, OSError


def pages(search: Callable[..., PagedList[T]]) -> Iterator[T]:
    """Every result of one of the client's searches, page by page."""
    page = search(page_token=None)
    yield from page
    while page.token:
        page = search(page_token=page.token)
        yield from page


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, at most ``size`` at a time, for MLflow takes no more at once."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def is_absent(error: Exception) -> bool:
    """Whether MLflow means that what was asked for does not exist."""
    return getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"


def is_taken(error: Exception) -> bool:
    """Whether MLflow means that what should be made exists already."""
    return getattr(error, "error_code", "") == "RESOURCE_ALREADY_EXISTS"
