"""Where a workflow runs: what may change from one machine to the next without changing a result."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from rcnas_zoo.execution.caches import default_cache_root
from rcnas_zoo.spec.canonical import check_integer


@dataclass(frozen=True)
class Machine:
    """Folders, device and processes of a workflow.

    Attributes:
        data_root: folder of the data sets; None means ``RCNAS_DATA`` or the user's data folder.
        download: whether an absent data set may be fetched.
        device: ``auto``, ``cpu`` or ``cuda[:n]``.
        workers: processes that train candidates; 0 means one a core on a CPU, one on a GPU.
        cache: root folder of the caches.

    Raises:
        InvalidInput: a number of workers that cannot be.
    """

    data_root: Path | None = None
    download: bool = False
    device: str = "auto"
    workers: int = 0
    cache: Path = field(default_factory=default_cache_root)

    def __post_init__(self) -> None:
        check_integer("the workers", self.workers, 0, 1024)

    def device_name(self) -> str:
        """The device in use as torch writes it, such as ``cpu`` or ``cuda:0``."""
        from rcnas_zoo.execution.device import pick_device

        return str(pick_device(self.device))

    def worker_count(self) -> int:
        """The number of worker processes."""
        if self.workers:
            return self.workers
        return 1 if self.device_name().startswith("cuda") else available_cores()


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_here() -> int:
    """Torch threads of this process when it trains alone: its share of the cores among torchrun's processes."""
    processes = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, available_cores() // max(1, int(processes) if processes.isdecimal() else 1))
