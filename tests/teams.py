"""Teams for tests: as threads of this process (at once), and as processes under torchrun (seconds a launch)."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from rcnas_zoo.execution.team import Team

R = TypeVar("R")


@dataclass
class Meeting:
    """Where the threads of a team put what they add."""

    size: int
    brought: dict[int, Tensor] = field(default_factory=dict)

    def __post_init__(self):
        self.barrier = threading.Barrier(self.size, timeout=60)


@dataclass(frozen=True)
class Thread(Team):
    """One of several threads that are a team; all but the way of the sum is that of `Team`."""

    meeting: Meeting = field(default_factory=lambda: Meeting(1))

    def _sum(self, flat: Tensor) -> None:
        self.meeting.brought[self.rank] = flat.clone()
        self.meeting.barrier.wait()
        flat.copy_(sum(self.meeting.brought[rank] for rank in range(self.size)))
        self.meeting.barrier.wait()


def as_threads(size: int, work: Callable[[Team], R]) -> list[R]:
    """What the work of each thread gives, by rank; an error in one of them ends them all."""
    meeting = Meeting(size)

    def guarded(rank: int) -> R:
        try:
            return work(Thread(rank, size, meeting=meeting))
        except BaseException:
            meeting.barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        futures = [pool.submit(guarded, rank) for rank in range(size)]
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error
    return [future.result() for future in futures]


def torchrun(size: int, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What came of a script (or ``-m module``) with its arguments in ``size`` processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
    command = [*launcher, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def reports(size: int, script: Path, folder: Path) -> list[dict[str, Any]]:
    """What each process of a script under torchrun has written as JSON into ``folder/RANK.json``, by rank."""
    result = torchrun(size, script, folder)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert "distributed_backend" not in result.stderr  # what Lightning says when its processes have met
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(size)]
