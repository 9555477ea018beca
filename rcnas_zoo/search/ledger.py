"""Numbers a searcher's proposals and remembers which networks they were."""

import torch
from torch import Tensor

from rcnas_zoo.spec.network import NetworkSpec
from rcnas_zoo.spec.search import Proposal


class Ledger:
    """The proposals of one search, in order; knows networks by their digests."""

    def __init__(self) -> None:
        self._digests: list[str] = []

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, spec: object) -> bool:
        return isinstance(spec, NetworkSpec) and spec.digest in self._digests

    def add(self, spec: NetworkSpec, note: str = "", parent: int | None = None) -> Proposal:
        """The next proposal; ``parent`` is the number of the one it descends from."""
        proposal = Proposal(len(self._digests), spec, parent, note=note)
        self._digests.append(spec.digest)
        return proposal

    def state(self) -> Tensor:
        """The digests, uint8 of shape (proposals, 32)."""
        rows = [list(bytes.fromhex(digest)) for digest in self._digests]
        return torch.tensor(rows, dtype=torch.uint8).reshape(-1, 32)

    def restore(self, state: Tensor) -> None:
        """Take back what `state` gave."""
        self._digests = [bytes(row).hex() for row in state.tolist()]
