"""The processes that torchrun starts, joined to a team.

Lightning Fabric joins them: it reads the launcher's environment, gives each process its device and picks gloo (CPU) or
nccl (CUDA). Nothing else of it is used, for a `Team` needs only a sum.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from rcnas_zoo.execution.team import Team, told_in_one_line
from rcnas_zoo.spec.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from lightning_fabric import Fabric

_VARIABLES = ("RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
# How long a process waits for the others: above the longest that one works alone, which is an attack of a large network
# on the evaluation split. A process that ends takes the others with it at once; this is for one that hangs.
_PATIENCE = timedelta(hours=12)


def leads_here() -> bool:
    """Whether this process may print and write: it is alone, or rank 0 of torchrun. Known before the team is joined."""
    return world_size() == 1 or os.environ.get("RANK", "0") == "0"


@contextmanager
def join_team(device: torch.device) -> Iterator[Team]:
    """Within: this process is one of torchrun's (``WORLD_SIZE`` above 1), or alone.

    Args:
        device: where to train; of CUDA devices, each process of a machine gets its own, whatever the index.

    Raises:
        InvalidInput: an environment that is not torchrun's.
        Unavailable: Lightning Fabric is not installed, or CUDA devices are too few.
    """
    if world_size() == 1:
        yield Team(device=device)
        return
    fabric = _join(device)
    try:
        yield Team(fabric.global_rank, fabric.world_size, fabric.device)
    finally:
        # Also after an error: the others, who wait for this process, see the line closed and end.
        dist.destroy_process_group()


def _join(device: torch.device) -> "Fabric":
    _check(device)
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
        from lightning_fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise Unavailable(
            "training in several processes needs Lightning Fabric, which is not installed; "
            "pip install 'rcnas-zoo[distributed]'"
        ) from error
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)  # its import made it talkative
    local = int(os.environ["LOCAL_WORLD_SIZE"])
    strategy = DDPStrategy(cluster_environment=TorchElasticEnvironment(), timeout=_PATIENCE)
    fabric = Fabric(accelerator=device.type, strategy=strategy, devices=local, num_nodes=world_size() // local)
    with told_in_one_line(int(os.environ["RANK"]), world_size()):
        fabric.launch()
    return fabric


def _check(device: torch.device) -> None:
    missing = [name for name in _VARIABLES if name not in os.environ]
    if missing:
        raise InvalidInput(
            f"with WORLD_SIZE {world_size()} the environment must be torchrun's, but {missing[0]} is not set; "
            "start with torchrun, or unset WORLD_SIZE"
        )
    local = int(os.environ["LOCAL_WORLD_SIZE"])
    if device.type == "cuda" and torch.cuda.device_count() < local:
        raise Unavailable(
            f"each process of a machine must have a CUDA device of its own, but {local} processes found "
            f"{torch.cuda.device_count()}; lower --nproc-per-node or use --device cpu"
        )


def world_size() -> int:
    """The processes that torchrun has started, on all machines; 1 without it. Known before the team is joined."""
    text = os.environ.get("WORLD_SIZE", "1")
    if not text.isdecimal() or int(text) < 1:
        raise InvalidInput(f"WORLD_SIZE must be a whole number from 1, got {text!r}; unset it or start with torchrun")
    return int(text)
