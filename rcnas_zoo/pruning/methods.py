"""Every method of pruning behind one contract: what is trained in its second stage, and the masks that come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rcnas_zoo.networks.channel_groups import channel_groups
from rcnas_zoo.networks.masks import kept_weights
from rcnas_zoo.networks.shrinking import shrunk_state
from rcnas_zoo.pruning.admm import SplitTerm
from rcnas_zoo.pruning.harp import ResourceTerm, levelled, settled_counts
from rcnas_zoo.pruning.magnitude import global_magnitude_masks, initial_scores, magnitude_masks, top_masks
from rcnas_zoo.pruning.scores import Scores, freeze_weights, mask_channels, mask_weights
from rcnas_zoo.pruning.target import Target
from rcnas_zoo.spec.pruned import PrunedSpec
from rcnas_zoo.spec.pruning import PruningRecipe
from rcnas_zoo.training.constraint import Constraint

Masks = Mapping[str, Tensor]
"""What is kept, bool: of each layer in the shape of its weight, or of each group of channels, (channels,)."""


@dataclass(frozen=True)
class Learning:
    """The second stage of a method on a network, which now has scores or a constraint among its modules.

    Attributes:
        constraint: what the training is held to beside its loss, if anything.
        masks: gives the masks that the network's present state comes to.
    """

    constraint: Constraint | None
    masks: Callable[[], Masks]


def learning(model: nn.Module, target: Target, recipe: PruningRecipe) -> Learning:
    """Prepares a pretrained network for the second stage of a method; it is changed in place.

    Args:
        model: on the CPU, without masks.
        target: what to keep.
        recipe: one of a method that learns what to keep.
    """
    return _LEARNT[recipe.method](model, target, recipe)


def chosen_masks(model: nn.Module, target: Target, recipe: PruningRecipe) -> Masks:
    """The masks of a method that learns none, for a pretrained network."""
    return _CHOSEN[recipe.method](model, target)


def _hydra(model: nn.Module, target: Target, recipe: PruningRecipe) -> Learning:
    counts = target.uniform()
    sources = {name: Scores(each, counts[name]) for name, each in initial_scores(model, target).items()}
    _mask(model, target, sources)
    return Learning(None, lambda: top_masks({name: each.scores for name, each in sources.items()}, counts))


def _harp(model: nn.Module, target: Target, recipe: PruningRecipe) -> Learning:
    sources = {name: levelled(each, target) for name, each in initial_scores(model, target).items()}
    _mask(model, target, sources)
    term = ResourceTerm(sources, target, recipe.penalty)
    model.add_module("constraint", term)
    scores = {name: each.scores for name, each in sources.items()}
    return Learning(term, lambda: top_masks(scores, settled_counts(sources, target)))


def _admm(model: nn.Module, target: Target, recipe: PruningRecipe) -> Learning:
    counts = target.uniform()
    weights = {name: model.get_parameter(f"{name}.weight") for name in counts}
    term = SplitTerm(weights, counts, recipe.penalty, recipe.period, recipe.growth)
    model.add_module("constraint", term)
    return Learning(term, lambda: top_masks(weights, counts))


def _mask(model: nn.Module, target: Target, sources: Mapping[str, nn.Module]) -> None:
    """Scores are trained in place of weights."""
    freeze_weights(model)
    if target.structure == "channels":
        mask_channels(model, {group: sources[group.name] for group in channel_groups(target.spec)})
    else:
        mask_weights(model, sources)


_LEARNT: dict[str, Callable[[nn.Module, Target, PruningRecipe], Learning]] = {
    "hydra": _hydra,
    "harp": _harp,
    "r-admm": _admm,
}
_CHOSEN: dict[str, Callable[[nn.Module, Target], Masks]] = {
    "magnitude": magnitude_masks,
    "magnitude-global": global_magnitude_masks,
}


def plain_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A network's state under the names of its spec, whatever scores, masks and constraints it was trained with."""
    plain = {}
    for name, value in state.items():
        layer, parametrised, inner = name.partition(".parametrizations.")
        if parametrised and inner == "weight.original":
            plain[f"{layer}.weight"] = value
        elif not parametrised and not name.startswith("constraint."):
            plain[name] = value
    return plain


def pruned_network(state: Mapping[str, Tensor], masks: Masks, target: Target) -> tuple[PrunedSpec, dict[str, Tensor]]:
    """The pruned network's spec and state, from a plain state and what is kept of it."""
    if target.structure == "channels":
        places = {name: mask.nonzero().flatten().tolist() for name, mask in masks.items()}
        small = shrunk_state(state, channel_groups(target.spec), places)
        return target.pruned({name: len(kept) for name, kept in places.items()}), small
    weights = {f"{name}.weight": mask for name, mask in masks.items()}
    zeroed = {
        name: torch.where(weights[name], value, torch.zeros_like(value)) if name in weights else value
        for name, value in state.items()
    }
    return PrunedSpec.of(target.spec, kept_weights(zeroed, masks)), zeroed
