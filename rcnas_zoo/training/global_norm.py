"""Batch normalisation by the statistics of the global batch, of which each process of a team holds a part.

torch's ``SyncBatchNorm`` is the same for CUDA tensors and refuses all others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rcnas_zoo.execution.team import Team
from rcnas_zoo.spec.errors import InvalidInput


@contextmanager
def global_norms(model: nn.Module, team: Team) -> Iterator[None]:
    """Within: every ``nn.BatchNorm2d`` of the model that is in train mode normalises by the global batch.

    Outputs, gradients and running statistics are those of one process that holds all rows, in any split into parts,
    empty ones too, if each process sums its part of the loss and the gradients of all processes are summed. Every
    process must run the same passes in the same order, backward passes too. In eval mode nothing changes; nor do the
    modules and the names of their tensors.

    Raises:
        InvalidInput: batch normalisation of another kind, whose statistics nobody would add up.
    """
    layers = _layers(model) if team.size > 1 else []
    for layer in layers:
        layer.__class__ = GlobalNorm
        cast(GlobalNorm, layer).team = team
    try:
        yield
    finally:
        for layer in layers:
            del layer.team
            layer.__class__ = nn.BatchNorm2d


def _layers(model: nn.Module) -> list[nn.BatchNorm2d]:
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    strangers = sorted({type(norm).__name__ for norm in norms if type(norm) is not nn.BatchNorm2d})
    if strangers:
        raise InvalidInput(
            f"a network trained by several processes must normalise batches by BatchNorm2d, got {strangers[0]}; "
            "train it in one process"
        )
    return [norm for norm in norms if isinstance(norm, nn.BatchNorm2d)]


class GlobalNorm(nn.BatchNorm2d):
    """What a layer becomes: the same tensors, another forward pass."""

    team: Team

    def forward(self, input: Tensor) -> Tensor:
        """Images (N, C, H, W), those of this process, normalised by the statistics of all."""
        if not self.training:
            return super().forward(input)
        self._check_input_dim(input)
        output: Tensor
        output, count, mean, variance = _Normalise.apply(input, self.weight, self.bias, self.eps, self.team)
        self._track(mean, variance * (count / (count - 1)))
        return output

    @torch.no_grad()
    def _track(self, mean: Tensor, unbiased: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), share)


class _Normalise(torch.autograd.Function):
    """Two sums over the team: one forward, one backward.

    With x' = (x - mean) / sqrt(variance + eps), y = w x' + b and g = dL/dy, over the n values of a channel in all
    processes: dL/dx = w / sqrt(variance + eps) (g - sum(g) / n - x' sum(g x') / n). The gradients of w and b are the
    sums over this process alone, for whoever trains adds those of all processes.
    """

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float, team: Team
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        count, mean, variance = _statistics(_wide(input), team)
        ctx.mark_non_differentiable(count, mean, variance)
        ctx.save_for_backward(input, weight, count, mean, (variance + eps).rsqrt())
        ctx.team = team
        output = F.batch_norm(input, mean, variance, weight, bias, training=False, eps=eps)
        return output, count, mean, variance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        input, weight, count, mean, inverse = ctx.saved_tensors
        g = _wide(gradient)
        normal = (_wide(input) - _channels(mean)) * _channels(inverse)
        own = torch.stack([g.sum((0, 2, 3)), (g * normal).sum((0, 2, 3))])
        total = own.clone()
        ctx.team.add([total])
        slope, along = total / count
        scale = inverse if weight is None else inverse * weight
        back = (g - _channels(slope) - normal * _channels(along)) * _channels(scale)
        shares = (None, None) if weight is None else (own[1].to(weight.dtype), own[0].to(weight.dtype))
        return back.to(input.dtype), *shares, None, None


def _statistics(input: Tensor, team: Team) -> tuple[Tensor, Tensor, Tensor]:
    """Count of values of a channel (scalar), mean (C,) and biased variance (C,) of the global batch.

    Each process tells its own mean and squared deviations from it; from these the global ones follow without a
    difference of large numbers (Chan, Golub and LeVeque 1979).
    """
    channels = input.shape[1]
    table = input.new_zeros(team.size, 1 + 2 * channels)
    own = input.numel() // channels
    if own:
        mean = input.mean((0, 2, 3))
        squares = (input - _channels(mean)).square().sum((0, 2, 3))  # a tenth of the time of torch.var_mean
        table[team.rank] = torch.cat([mean.new_tensor([own]), mean, squares])
    team.add([table])
    counts, means, squares = table[:, :1], table[:, 1 : 1 + channels], table[:, 1 + channels :]
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    deviations = (squares + counts * (means - mean).square()).sum(0)
    return count, mean, deviations / count


def _wide(values: Tensor) -> Tensor:
    """Half precisions as float32: sums over a batch need more than their digits."""
    return values.float() if values.dtype in (torch.bfloat16, torch.float16) else values


def _channels(values: Tensor) -> Tensor:
    """(C,) as it goes with (N, C, H, W)."""
    return values.view(1, -1, 1, 1)
