"""What a reward is compared with before it moves the policy."""

import torch
from torch import Tensor

_RMS_DECAY = 0.9
_LARGEST_ADVANTAGE = 3.0


class Baseline:
    """Rewards of one task to advantages.

    Eq. 5 multiplies by the raw reward. With some hundred noisy samples its variance drowns the gradient, so we take a
    baseline off; ``none`` is the equation as printed.

    Args:
        kind: ``ema``, ``leave-one-out`` or ``none``.
        decay: of the running mean, for ``ema``; it starts at the first update's mean.
    """

    def __init__(self, kind: str, decay: float) -> None:
        self._kind = kind
        self._decay = decay
        self._mean = torch.tensor(torch.nan)

    def advantages(self, rewards: Tensor) -> Tensor:
        """The advantages of the rewards (T,) of one update, of the same shape."""
        if self._kind == "none":
            return rewards
        if self._kind == "leave-one-out":
            return (rewards - rewards.mean()) * len(rewards) / (len(rewards) - 1)
        before = rewards.mean() if self._mean.isnan() else self._mean
        self._mean = self._decay * before + (1 - self._decay) * rewards.mean()
        return rewards - before

    def state(self) -> Tensor:
        """The running mean; NaN before the first update."""
        return self._mean.clone()

    def restore(self, state: Tensor) -> None:
        """Take back what `state` gave."""
        self._mean = state.clone()


class RunningScale:
    """Divides advantages by their running root mean square, and clips them to [-3, 3]."""

    def __init__(self) -> None:
        self._mean_square = torch.tensor(0.0)

    def __call__(self, advantages: Tensor) -> Tensor:
        """Scaled advantages (T,); the running value holds this update's too."""
        now = advantages.square().mean()
        # The first update against a running mean has no advantage at all; to start from 0 would inflate the next.
        before = now if self._mean_square == 0 else self._mean_square
        self._mean_square = _RMS_DECAY * before + (1 - _RMS_DECAY) * now
        scaled = advantages / self._mean_square.sqrt().clamp_min(1e-6)
        return scaled.clamp(-_LARGEST_ADVANTAGE, _LARGEST_ADVANTAGE)

    def state(self) -> Tensor:
        """The running mean square; 0 before the first advantage."""
        return self._mean_square.clone()

    def restore(self, state: Tensor) -> None:
        """Take back what `state` gave."""
        self._mean_square = state.clone()
