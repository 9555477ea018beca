"""The exponential average of a network's weights, which is often more robust than the weights themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Average:
    """average = d average + (1 - d) state after every update, with d = min(decay, (1 + t) / (10 + t)) at update t.

    The lower decay of the first updates forgets the random start soon, as in the RobustResNet code. Running statistics
    are averaged like weights; counters follow the network.

    Attributes:
        decay: in [0, 1); 0 keeps no average.
        state: the average, on the device of the network; changed in place.
    """

    decay: float
    state: dict[str, Tensor]

    @classmethod
    def of(cls, model: nn.Module, decay: float) -> "Average":
        """The average that starts at the network's present state."""
        return cls(decay, {name: value.detach().clone() for name, value in model.state_dict().items()} if decay else {})

    @torch.no_grad()
    def update(self, model: nn.Module, updates: int) -> None:
        """Takes in the state after so many updates."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        for name, value in model.state_dict().items() if self.state else ():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)

    @contextmanager
    def in_place_of(self, model: nn.Module) -> Iterator[None]:
        """Within: the network has the averaged weights, if there is an average."""
        if not self.state:
            yield
            return
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.state)
        try:
            yield
        finally:
            model.load_state_dict(own)


def snapshot(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy of a state dict on the CPU, in the ordinary memory format."""
    return {name: _plain(value) for name, value in state.items()}


def _plain(value: Tensor) -> Tensor:
    return value.detach().to("cpu", copy=True).contiguous()
