"""Several processes that train one network together, each on its share of every batch."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from rcnas_zoo.spec.errors import Unavailable

_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Team:
    """The processes of one training, seen from one of them. The default is a process alone, for which all is a no-op.

    Every process must make the same calls in the same order, with tensors of the same shapes and types.

    Attributes:
        rank: number of this process, from 0.
        size: how many there are.
        device: where this process computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = _CPU

    @property
    def leads(self) -> bool:
        """Whether this process is the one that prints, logs and writes."""
        return self.rank == 0

    @torch.no_grad()
    def add(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over all processes; all tensors of one type travel together.

        The sums are the same bits in every process.

        Args:
            tensors: numbers, of any shapes; changed in place.

        Raises:
            Unavailable: another process has ended, or does not answer.
        """
        if self.size == 1:
            return
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            group = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.reshape(-1) for tensor in group]).to(self.device)
            self._sum(flat)
            for tensor, part in zip(group, torch.split(flat, [tensor.numel() for tensor in group]), strict=True):
                tensor.copy_(part.view(tensor.shape))

    def tell(self, value: Any) -> Any:
        """The value that rank 0 gives, in every process; what the others give is not looked at.

        Args:
            value: bytes, or plain JSON data with lists (not tuples) and text keys.
        """
        if self.size == 1:
            return value
        message = _pack(value) if self.leads else b""
        length = torch.tensor([len(message)])
        self.add([length])
        body = torch.zeros(int(length), dtype=torch.uint8)
        if self.leads:
            body.copy_(torch.frombuffer(bytearray(message), dtype=torch.uint8))
        self.add([body])
        return _unpack(body.numpy().tobytes())

    def _sum(self, flat: Tensor) -> None:
        with told_in_one_line(self.rank, self.size):
            dist.all_reduce(flat)


def _pack(value: object) -> bytes:
    return b"b" + value if isinstance(value, bytes) else b"j" + json.dumps(value).encode()


def _unpack(message: bytes) -> Any:
    return message[1:] if message[:1] == b"b" else json.loads(message[1:])


@contextmanager
def told_in_one_line(rank: int, size: int) -> Iterator[None]:
    """Within: what torch says of a lost process at length becomes one line."""
    try:
        yield
    except RuntimeError as error:
        raise Unavailable(
            f"all {size} processes of a training must live until it ends, but rank {rank} lost the others "
            f"({str(error).splitlines()[0][:200]}); see what ended them and give the same command again"
        ) from error
