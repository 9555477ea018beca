"""One worker process, seen from both of its ends.

Messages are pickled here and sent as bytes: the pickler of ``multiprocessing`` would move tensors into shared memory,
which is small in many containers and gone with the process that made it.
"""

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from rcnas_zoo.execution.reports import Reporter, Told
from rcnas_zoo.execution.threads import one_thread_for_children
from rcnas_zoo.spec.errors import Unavailable
from rcnas_zoo.spec.observer import Observer

Watched = Callable[[Any, Observer], Any]
"""A function of a job and of the observer that it reports to."""


class Done(NamedTuple):
    """The last message of a job: its result, or what it raised and the traceback as text."""

    result: Any
    failure: Exception | None = None
    trace: str = ""


class Worker:
    """A process that does one job at a time, and the parent's end of the line to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with one_thread_for_children():
            self._process.start()
        theirs.close()  # else the end of the process would not close the line

    def send(self, function: Watched | None, job: object) -> None:
        """Gives the worker a job; None as the function means the one of the job before."""
        message = pickle.dumps((function, job))
        try:
            self.connection.send_bytes(message)
        except OSError as error:
            raise self._lost() from error

    def receive(self) -> Told | Done:
        """The next message: what the job tells its observer, or its result; raises what the job raised."""
        try:
            message = self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        answer: Told | Done = pickle.loads(message)  # noqa: S301 (from our own process)
        if isinstance(answer, Done) and answer.failure is not None:
            raise answer.failure from RuntimeError(f"in a worker process:\n{answer.trace}")
        return answer

    def stop(self) -> None:
        """Ends the process at once; it holds nothing that needs a farewell."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _lost(self) -> Unavailable:
        self._process.join()
        return Unavailable(
            f"a worker process must live until its job is done, but one ended with exit code {self._process.exitcode}; "
            "use fewer --workers if memory ran out"
        )


def _serve(connection: Connection) -> None:
    """The life of the process: jobs in, reports and results out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us
    threading.Thread(target=_die_with_parent, daemon=True).start()
    function: Watched | None = None

    def tell(told: Told) -> None:
        connection.send_bytes(pickle.dumps(told))

    while True:
        try:
            message = connection.recv_bytes()
        except EOFError:
            return
        answer, function = _answer(message, function, Reporter(tell))
        connection.send_bytes(answer)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _answer(message: bytes, function: Watched | None, observer: Observer) -> tuple[bytes, Watched | None]:
    try:
        new_function, job = pickle.loads(message)  # noqa: S301 (from our own process)
        function = new_function if new_function is not None else function
        assert function is not None
        return pickle.dumps(Done(function(job, observer))), function
    except Exception as error:
        return pickle.dumps(Done(None, _portable(error), traceback.format_exc())), function


def _portable(error: Exception) -> Exception:
    """The error itself, or its text where it cannot travel."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (from our own process)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
