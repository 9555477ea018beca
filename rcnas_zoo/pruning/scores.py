"""Scores of weights or channels, and the masks that they give the layers of a network."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rcnas_zoo.networks.channel_groups import ChannelGroup
from rcnas_zoo.pruning.straight_through import shared_mask, top_mask


class Scores(nn.Module):
    """Scores of which a fixed number of the largest, by magnitude, are kept.

    Attributes:
        scores: a number for each weight or channel; trained.
        kept: how many are kept.
    """

    def __init__(self, scores: Tensor, kept: int) -> None:
        super().__init__()
        self.scores = nn.Parameter(scores)
        self.kept = kept

    def forward(self) -> Tensor:
        """The mask, 0 and 1, in the shape of the scores, with a straight-through graph to them."""
        return top_mask(self.scores.abs(), self.kept)


class LevelledScores(nn.Module):
    """Scores of which a learnt share is kept: ``least + (1 - least) sigmoid(level)``, as in HARP.

    Attributes:
        scores: a number for each weight or channel; trained.
        level: a scalar; trained.
        least: the smallest share, in (0, 1).
    """

    def __init__(self, scores: Tensor, share: float, least: float) -> None:
        super().__init__()
        self.scores = nn.Parameter(scores)
        self.level = nn.Parameter(torch.tensor(level_of(share, least)))
        self.least = least

    def share(self) -> Tensor:
        """The share that is kept, a scalar with a graph to the level."""
        return self.least + (1 - self.least) * torch.sigmoid(self.level)

    def forward(self) -> Tensor:
        """The mask, 0 and 1, in the shape of the scores, with a straight-through graph to scores and level."""
        return shared_mask(self.scores.abs(), self.share())


HIGHEST = 1 - 1e-2


def level_of(share: float, least: float) -> float:
    """The level at which this share is kept; the sigmoid is kept off 0 and 1, where it could not be learnt."""
    inner = min(max((share - least) / (1 - least), 1 - HIGHEST), HIGHEST)
    return math.log(inner / (1 - inner))


class Masked(nn.Module):
    """A parametrisation: the weight times the mask of some scores, spread over the dimensions that they lack."""

    def __init__(self, scores: nn.Module, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.source = scores
        self.shape = shape

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as the layer uses it, same shape."""
        masked: Tensor = weight * self.source().view(self.shape)
        return masked


class Fixed(nn.Module):
    """A parametrisation: the weight times a mask that stays."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask.bool())

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as the layer uses it, same shape."""
        return weight * self.mask


def scaled_scores(weight: Tensor) -> Tensor:
    """sqrt(6 / fan-in) w / max|w|: the scores that HYDRA and HARP start from; all 0 for a weight of zeros."""
    inputs = weight[0].numel()
    return weight.detach() * (math.sqrt(6 / inputs) / weight.abs().max().clamp(min=torch.finfo(weight.dtype).tiny))


def channel_scores(model: nn.Module, group: ChannelGroup) -> Tensor:
    """Scores of a group's channels: the sum of |w| over all that reads each, scaled like those of weights; (channels,).

    HARP sums over the input channels of single layers; channels that additions tie are one decision here.
    """
    weights = [weight_of(model, name).detach() for name in group.readers]
    sums = torch.stack([weight.abs().transpose(0, 1).flatten(1).sum(1) for weight in weights]).sum(0)
    return sums * (math.sqrt(6 / group.size) / sums.max().clamp(min=torch.finfo(sums.dtype).tiny))


def weight_of(model: nn.Module, name: str) -> Tensor:
    """The weight that a layer of a network uses."""
    weight: Tensor = model.get_submodule(name).weight  # type: ignore[assignment]
    return weight


def mask_weights(model: nn.Module, scores: Mapping[str, nn.Module]) -> None:
    """Masks the weight of each named layer by scores of its shape."""
    for name, source in scores.items():
        masked = Masked(source, tuple(weight_of(model, name).shape))
        parametrize.register_parametrization(model.get_submodule(name), "weight", masked, unsafe=True)


def mask_channels(model: nn.Module, groups: Mapping[ChannelGroup, nn.Module]) -> None:
    """Masks the input channels of all that reads a group by the group's scores."""
    for group, source in groups.items():
        for name in group.readers:
            shape = (1, group.size, *[1] * (weight_of(model, name).ndim - 2))
            parametrize.register_parametrization(
                model.get_submodule(name), "weight", Masked(source, shape), unsafe=True
            )


def fix_masks(model: nn.Module, masks: Mapping[str, Tensor]) -> None:
    """Masks the weight of each named layer by a mask that stays."""
    for name, mask in masks.items():
        parametrize.register_parametrization(model.get_submodule(name), "weight", Fixed(mask), unsafe=True)


def freeze_weights(model: nn.Module) -> None:
    """Weights and biases of convolutions and linear layers ask for no gradient; those of normalisations still do.

    For a network without masks: it would freeze scores too.
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.requires_grad_(False)
