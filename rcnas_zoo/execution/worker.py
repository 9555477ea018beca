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
from typing import Any

from rcnas_zoo.execution.threads import one_thread_for_children
from rcnas_zoo.spec.errors import Unavailable


class Worker:
    """A process that does one job at a time, and the parent's end of the line to it."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with one_thread_for_children():
            self._process.start()
        theirs.close()  # else the end of the process would not close the line

    def send(self, function: Callable[[Any], Any] | None, job: object) -> None:
        """Gives the worker a job; None as the function means the one of the job before."""
        message = pickle.dumps((function, job))
        try:
            self.connection.send_bytes(message)
        except OSError as error:
            raise self._lost() from error

    def receive(self) -> Any:
        """The result of the job; raises what the job raised."""
        try:
            message = self.connection.recv_bytes()
        except (EOFError, OSError) as error:
            raise self._lost() from error
        result, failure, trace = pickle.loads(message)  # noqa: S301 (from our own process)
        if failure is not None:
            raise failure from RuntimeError(f"in a worker process:\n{trace}")
        return result

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
    """The life of the process: jobs in, results out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends us
    threading.Thread(target=_die_with_parent, daemon=True).start()
    function: Callable[[Any], Any] | None = None
    while True:
        try:
            message = connection.recv_bytes()
        except EOFError:
            return
        answer, function = _answer(message, function)
        connection.send_bytes(answer)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _answer(message: bytes, function: Callable[[Any], Any] | None) -> tuple[bytes, Callable[[Any], Any] | None]:
    try:
        new_function, job = pickle.loads(message)  # noqa: S301 (from our own process)
        function = new_function if new_function is not None else function
        assert function is not None
        return pickle.dumps((function(job), None, "")), function
    except Exception as error:
        return pickle.dumps((None, _portable(error), traceback.format_exc())), function


def _portable(error: Exception) -> Exception:
    """The error itself, or its text where it cannot travel."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (from our own process)
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
