"""The multi-head policy network (RC-NAS section 3.2, Eq. 3) and the distribution of actions that it gives.

An action is a tensor (stages, 4) with columns ``alpha_width, alpha_depth, beta_downsample, beta_robust``: two Gaussian
numbers before the sigmoid that makes them ratios, and two bits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rcnas_zoo.search.rcnas.settings import RcnasSettings
from rcnas_zoo.search.rcnas.tensors import seeded
from rcnas_zoo.search.space import StageAction

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_NEAREST = 0.02


@dataclass(frozen=True)
class ActionDistribution:
    """Independent Gaussians and Bernoullis for each stage.

    Attributes:
        mean, log_std: of the Gaussian alpha (width, depth), shape (..., stages, 2).
        logits: of the bits beta (down-sampling, robust), shape (..., stages, 2).
    """

    mean: Tensor
    log_std: Tensor
    logits: Tensor

    def at(self, temperature: Tensor) -> "ActionDistribution":
        """The distribution with standard deviations times, and logits divided by, a temperature.

        Temperatures of shape (batch,) give a batch of distributions, one of shape () a single one.
        """
        spread = temperature[..., None, None]
        return ActionDistribution(self.mean, self.log_std + spread.log(), self.logits / spread)

    def sample(self, generator: torch.Generator) -> Tensor:
        """One action (stages, 4)."""
        noise = torch.randn(self.mean.shape, generator=generator)
        bits = torch.rand(self.logits.shape, generator=generator) < self.logits.sigmoid()
        return torch.cat([self.mean + self.log_std.exp() * noise, bits.float()], dim=-1)

    def samples(self, count: int, generator: torch.Generator) -> Tensor:
        """So many actions, (count, stages, 4)."""
        noise = torch.randn((count, *self.mean.shape), generator=generator)
        bits = torch.rand((count, *self.logits.shape), generator=generator) < self.logits.sigmoid()
        return torch.cat([self.mean + self.log_std.exp() * noise, bits.float()], dim=-1)

    def mode(self) -> Tensor:
        """The action (stages, 4) of the means and of the likelier bits."""
        return torch.cat([self.mean, (self.logits > 0).float()], dim=-1)

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log-density of actions (..., stages, 4), summed over stages and the four numbers, shape (...).

        It is taken at alpha, before the sigmoid: the sigmoid's Jacobian does not depend on the policy.
        """
        alpha, bits = actions[..., :2], actions[..., 2:]
        gaussian = -0.5 * ((alpha - self.mean) / self.log_std.exp()).square() - self.log_std - _HALF_LOG_TWO_PI
        bernoulli = bits * F.logsigmoid(self.logits) + (1 - bits) * F.logsigmoid(-self.logits)
        return (gaussian + bernoulli).sum((-2, -1))

    def entropy(self) -> Tensor:
        """Entropy in nats, summed over stages and the four numbers, shape (...)."""
        chance = self.logits.sigmoid()
        gaussian = self.log_std + 0.5 + _HALF_LOG_TWO_PI
        bernoulli = -(chance * F.logsigmoid(self.logits) + (1 - chance) * F.logsigmoid(-self.logits))
        return (gaussian + bernoulli).sum((-2, -1))


class Policy(nn.Module):
    """States to a distribution of actions: shared features E, then a Gaussian and a Bernoulli head.

    The Bernoulli head adds to log-odds of ``prior`` for the teacher's own bits (down-sampling, robust).
    """

    prior: Tensor

    def __init__(self, settings: RcnasSettings) -> None:
        super().__init__()
        self.settings = settings
        self.features = nn.Sequential(
            nn.Linear(settings.state_size, settings.hidden_size),
            nn.Tanh(),
            nn.Linear(settings.hidden_size, settings.hidden_size),
            nn.Tanh(),
        )
        self.gaussian = nn.Linear(settings.hidden_size, 4)
        self.bernoulli = nn.Linear(settings.hidden_size, 2)
        self.register_buffer("prior", torch.zeros(2))

    def forward(self, states: Tensor, pattern: Tensor) -> ActionDistribution:
        """The distribution for states (stages, state_size) and the teacher's own bits (stages, 2)."""
        features = self.features(states)
        mean, log_std = self.gaussian(features).chunk(2, dim=-1)
        log_std = log_std.clamp(self.settings.log_std_low, self.settings.log_std_high)
        return ActionDistribution(mean, log_std, self.bernoulli(features) + self.prior * (2 * pattern - 1))


def fresh_policy(settings: RcnasSettings, generator: torch.Generator) -> Policy:
    """A policy that in every state is centred on ``ratio_centre`` and on the teacher's own strides."""
    policy = seeded(lambda: Policy(settings), generator)
    centre = math.log(settings.ratio_centre / (1 - settings.ratio_centre))
    with torch.no_grad():
        policy.gaussian.weight.zero_()
        policy.gaussian.bias.copy_(torch.tensor([centre, centre, settings.log_std, settings.log_std]))
        policy.bernoulli.weight.zero_()
        policy.prior.copy_(torch.tensor([settings.stride_prior, 0.0]))
    return policy


def ratios(actions: Tensor) -> Tensor:
    """What actions (..., stages, 4) ask for: ratios are the sigmoid of alpha (Eq. 3), bits are 0 or 1."""
    return torch.cat([actions[..., :2].sigmoid(), (actions[..., 2:] > 0.5).float()], dim=-1)


def stage_actions(action: Tensor) -> tuple[StageAction, ...]:
    """What an action (stages, 4) does to each stage."""
    rows = ratios(action).tolist()
    return tuple(StageAction(width, depth, bool(halve), bool(robust)) for width, depth, halve, robust in rows)


def meaning(stages: Sequence[StageAction]) -> Tensor:
    """An action (stages, 4) that asks for this; ratios of 0 and 1, which no finite alpha gives, are moved a little."""
    rows = [[one.width_ratio, one.depth_ratio, float(one.downsample), float(one.robust)] for one in stages]
    wanted = torch.tensor(rows)
    return torch.cat([wanted[:, :2].clamp(_NEAREST, 1 - _NEAREST).logit(), wanted[:, 2:]], dim=-1)
