"""What a training must come to beside a low loss."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class Constraint(Protocol):
    """A condition on the network that a training works towards.

    All that changes in it must be parameters or buffers of the model that is trained: so it lies in checkpoints, and a
    training that is cut off ends as if nothing had happened.

    Attributes:
        identity: what it demands, as text; a checkpoint of a training under another one is refused.
    """

    identity: str

    def penalty(self) -> Tensor:
        """What is added to the loss of every update: a scalar with a graph to the parameters."""

    def measure(self) -> Mapping[str, float]:
        """Finite numbers for the learning curve, taken after an epoch."""

    def holds(self) -> bool:
        """Whether an epoch's weights may be the best."""

    def close_epoch(self, epoch: int) -> None:
        """Epoch ``epoch`` (from 1) has ended and was measured; state may change."""
