"""Many jobs, a few processes, the same results for any number of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from types import TracebackType
from typing import Generic, TypeVar

from rcnas_zoo.execution.reports import Reporter, Told
from rcnas_zoo.execution.threads import one_torch_thread
from rcnas_zoo.execution.worker import Worker
from rcnas_zoo.spec.canonical import check_integer
from rcnas_zoo.spec.observer import Observer, Silent

J = TypeVar("J")
R = TypeVar("R")


class Workers:
    """Runs jobs in this process (``count`` 1) or in ``count`` processes that live as long as the ``with`` block.

    Each computes with one torch thread, here as there, so that a result never hangs on the count. The processes die
    with this one, however it ends. A script that uses more than one must guard its main part with
    ``if __name__ == "__main__":``, for each process imports it.

    Attributes:
        count: the number of processes.

    Raises:
        InvalidInput: a count below 1.
    """

    def __init__(self, count: int) -> None:
        self.count = check_integer("the number of workers", count, 1, 1024)
        self._workers: list[Worker] = []

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def run(
        self, function: Callable[[J], R], jobs: Sequence[J], on_done: Callable[[int, R], None] | None = None
    ) -> list[R]:
        """The results of all jobs, in their order.

        Args:
            function: a function of one job, defined at the top of a module (or a partial of one); what it binds is
                sent once to each process.
            jobs: anything that pickle takes; a view of a tensor takes the whole tensor along.
            on_done: called here with the index and result of each job as it ends, in any order.

        Raises:
            Unavailable: a process was killed.
            Exception: whatever a job raised first, as itself; the other jobs are stopped.
        """
        return self.run_watched(_Unwatched(function), jobs, Silent(), on_done)

    def run_watched(
        self,
        function: Callable[[J, Observer], R],
        jobs: Sequence[J],
        observer: Observer,
        on_done: Callable[[int, R], None] | None = None,
    ) -> list[R]:
        """As `run`, with jobs that report while they are under way.

        Args:
            function: as for `run`, but of a job and an observer, whose calls are repeated on ours; of progress, only a
                few calls a second.
            jobs: as for `run`.
            observer: hears here of all jobs, in any order between one job and another.
            on_done: as for `run`.
        """
        results: dict[int, R] = {}
        ended = self._here if self.count == 1 else self._there
        try:
            for index, result in ended(function, jobs, observer):
                results[index] = result
                if on_done is not None:
                    on_done(index, result)
        except BaseException:
            self._stop()  # jobs under way would answer into the next run
            raise
        return [results[index] for index in range(len(jobs))]

    def _here(
        self, function: Callable[[J, Observer], R], jobs: Sequence[J], observer: Observer
    ) -> Iterator[tuple[int, R]]:
        for index, job in enumerate(jobs):
            with one_torch_thread():
                result = function(job, Reporter(lambda told: told.to(observer)))
            yield index, result

    def _there(
        self, function: Callable[[J, Observer], R], jobs: Sequence[J], observer: Observer
    ) -> Iterator[tuple[int, R]]:
        while len(self._workers) < min(self.count, len(jobs)):
            self._workers.append(Worker())
        waiting = iter(enumerate(jobs))
        busy: dict[object, tuple[Worker, int]] = {}

        def give(worker: Worker, function: Callable[[J, Observer], R] | None) -> None:
            following = next(waiting, None)
            if following is not None:
                index, job = following
                worker.send(function, job)
                busy[worker.connection] = worker, index

        for worker in self._workers:
            give(worker, function)
        while busy:
            for connection in wait([worker.connection for worker, _ in busy.values()]):
                worker, index = busy[connection]
                message = worker.receive()
                if isinstance(message, Told):
                    message.to(observer)
                    continue
                del busy[connection]
                give(worker, None)
                yield index, message.result

    def _stop(self) -> None:
        while self._workers:
            self._workers.pop().stop()


@dataclass(frozen=True)
class _Unwatched(Generic[J, R]):
    """A function of a job alone, in the place of one that reports."""

    function: Callable[[J], R]

    def __call__(self, job: J, observer: Observer) -> R:
        return self.function(job)
