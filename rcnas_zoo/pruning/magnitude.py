"""The masks that magnitudes alone give: the baseline of every other method, and what scores come to in the end."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.pruning.scores import channel_scores, scaled_scores, weight_of
from rcnas_zoo.pruning.straight_through import top_mask
from rcnas_zoo.pruning.target import Counts, Target


def initial_scores(model: nn.Module, target: Target) -> dict[str, Tensor]:
    """Scores in proportion to magnitude, by layer (in the weight's shape) or by group of channels."""
    if target.structure == "channels":
        return {group.name: channel_scores(model, group) for group in channel_groups(target.spec)}
    return {name: scaled_scores(weight_of(model, name)) for name in target.sizes()}


def top_masks(scores: Mapping[str, Tensor], counts: Counts) -> dict[str, Tensor]:
    """For each layer or group the mask (bool) of so many largest scores, by magnitude."""
    return {name: top_mask(each.detach().abs(), counts[name]).bool() for name, each in scores.items()}


def magnitude_masks(model: nn.Module, target: Target) -> dict[str, Tensor]:
    """The largest of each layer or group, all in the same share ("LWM" where it is the baseline of HYDRA)."""
    return top_masks(initial_scores(model, target), target.uniform())


def global_magnitude_masks(model: nn.Module, target: Target) -> dict[str, Tensor]:
    """The largest weights of the whole network, of each layer at least one; layers differ in their share."""
    weights = {name: weight_of(model, name).detach().abs() for name in target.sizes()}
    ranked = torch.cat([weight.flatten() for weight in weights.values()]).sort(descending=True).values

    def counts(share: float) -> dict[str, int]:
        threshold = ranked[max(1, min(round(share * len(ranked)), len(ranked))) - 1]
        return {name: max(1, int((weight >= threshold).sum())) for name, weight in weights.items()}

    return top_masks(weights, target.most(counts, 0.0, 1.0))
