"""Pre-training of the state encoder as an auto-encoder (RC-NAS appendix C, Eq. 10), on random tasks.

Algorithm 1 prints it inside its innermost loop, where the state would never stand still; as section 3.2 says, it is
done once and the encoder is frozen.
"""

from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional as F

from rcnas_zoo.execution.threads import one_torch_thread
from rcnas_zoo.networks.cost import cost
from rcnas_zoo.search.rcnas.encoder import StateEncoder, make_decoder
from rcnas_zoo.search.rcnas.features import DEEPEST, task_features
from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import seeded
from rcnas_zoo.spec.network import InputSpec
from rcnas_zoo.spec.residual import BLOCKS, ResidualSpec, StageSpec

_HELD_OUT = 256
_BATCH = 256
_LEARNING_RATE = 4e-3
_SIDES = (8, 28, 32, 64)
_WIDEST_DOUBLINGS = 6.4  # 16 * 2^6.4 is above the 1,024 channels of WRN-70-16
_BUDGET_SHARES = (0.05, 2.0)
_CLEAN_SHARE = 0.1
_NORMAL_QUANTILES = torch.tensor([-1.645, -0.674, 0.0, 0.674, 1.645])


@dataclass(frozen=True)
class Pretrained:
    """A frozen encoder, and the share of the variance of held-out tasks that its states keep."""

    encoder: StateEncoder
    r_squared: float


def pretrain(settings: RcnasSettings, stages: int, generator: torch.Generator) -> Pretrained:
    """A state encoder for teachers of so many stages, trained until its states can be decoded again (Eq. 10)."""
    # One thread: the sums, and so the encoder, must not depend on the cores of a machine.
    with one_torch_thread():
        return _pretrain(settings, stages, generator)


def _pretrain(settings: RcnasSettings, stages: int, generator: torch.Generator) -> Pretrained:
    tasks = sample_tasks(settings.pretraining_tasks, stages, generator)
    held_out = sample_tasks(_HELD_OUT, stages, generator)
    encoder = seeded(lambda: StateEncoder(stages, settings), generator)
    decoder = seeded(lambda: make_decoder(settings), generator)
    encoder.fit_standardisation(tasks)
    optimiser = torch.optim.Adam(chain(encoder.parameters(), decoder.parameters()), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.pretraining_steps)
    for _ in range(settings.pretraining_steps):
        batch = tasks[torch.randint(len(tasks), (_BATCH,), generator=generator)]
        optimiser.zero_grad()
        F.mse_loss(decoder(encoder(batch)), encoder.standardise(batch)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return Pretrained(encoder.requires_grad_(False), _r_squared(encoder, decoder, held_out))


def sample_tasks(count: int, stages: int, generator: torch.Generator) -> Tensor:
    """Features (count, stages, FEATURES) of random tasks: any stages, log-normal Lipschitz ratios, any budget."""
    lips = _sample_lips(count, generator).tolist()
    low, high = _BUDGET_SHARES
    shares = low * (high / low) ** torch.rand(count, generator=generator)
    rows = []
    for statistics, share in zip(lips, shares.tolist(), strict=True):
        teacher = _sample_teacher(stages, generator)
        macs = cost(teacher).macs
        rows.append(task_features(teacher, statistics, macs, max(1, int(share * macs))))
    return torch.stack(rows)


def _sample_teacher(stages: int, generator: torch.Generator) -> ResidualSpec:
    uniform = torch.rand(stages, 4, generator=generator).tolist()
    side = _SIDES[int(torch.randint(len(_SIDES), (1,), generator=generator))]
    return ResidualSpec(InputSpec((3, side, side)), 10, tuple(_stage(row) for row in uniform))


def _stage(uniform: list[float]) -> StageSpec:
    width, depth, stride, block = uniform
    channels = 16 * round(2 ** (_WIDEST_DOUBLINGS * width))
    return StageSpec(1 + int(depth * DEEPEST), channels, 1 + int(2 * stride), BLOCKS[int(2 * block)])


def _sample_lips(count: int, generator: torch.Generator) -> Tensor:
    """The statistics of log-normal ratios in closed form; a tenth of the tasks is clean."""
    centre = 4 + 1.5 * torch.randn(count, 1, generator=generator)
    spread = 0.2 + torch.rand(count, 1, generator=generator)
    mean = torch.exp(centre + spread**2 / 2)
    deviation = mean * torch.expm1(spread**2).sqrt()
    statistics = torch.cat([mean, deviation, torch.exp(centre + spread * _NORMAL_QUANTILES)], dim=1).log1p()
    clean = torch.rand(count, 1, generator=generator) < _CLEAN_SHARE
    return statistics.masked_fill(clean, 0.0)


@torch.no_grad()
def _r_squared(encoder: StateEncoder, decoder: torch.nn.Module, tasks: Tensor) -> float:
    target = encoder.standardise(tasks)
    residual = (decoder(encoder(tasks)) - target).square().sum()
    return float(1 - residual / (target - target.mean((0, 1))).square().sum())
