"""The way to a store that may be silent for a while: with patience for the last word, briefly for the rest."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.observer import Observer
from rcnas_zoo.tracking.client import answering, asked_once
from rcnas_zoo.tracking.server import check_server
from rcnas_zoo.tracking.uris import is_server

PATIENCE_SECONDS = 300.0
"""How long a silent server is waited for before what it should keep is given up."""

PAUSE_SECONDS = 2.0
"""The time between two questions whether it is there again."""


@dataclass(frozen=True)
class Link:
    """The way to a tracking store.

    Only a server is waited for: a database that refuses something now refuses it later too.

    Attributes:
        uri: the store.
        people: who is told that it is silent.
    """

    uri: str
    people: Observer

    @contextmanager
    def patiently(self, what: str) -> Iterator[None]:
        """For what must arrive, once the server answers; raises Unavailable that names it if that never happens."""
        try:
            self._wait()
            with answering(self.uri):
                yield
        except Unavailable as error:
            raise Unavailable(f"{error}; not logged: {what}") from error

    @contextmanager
    def briefly(self) -> Iterator[None]:
        """For what can be tried again; raises Unavailable within seconds if the server is silent."""
        if is_server(self.uri):
            check_server(self.uri)
        with asked_once(), answering(self.uri):
            yield

    def _wait(self) -> None:
        if not is_server(self.uri):
            return
        try:
            check_server(self.uri)
        except Unavailable as error:
            self.people.warning(f"{error}; waiting for it, {PATIENCE_SECONDS:.0f} seconds at most")
            _keep_asking(self.uri)


def _keep_asking(uri: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        time.sleep(PAUSE_SECONDS)
        try:
            return check_server(uri)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
