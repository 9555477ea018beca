"""Reasons to doubt a robust accuracy. They cost next to nothing, and none of them changes a number.

A flag is ``name: what was seen``. The assumptions are those that AutoAttack's authors check before they trust a
result, and those without which a gradient shows no way. `rcnas_zoo.evaluation.lint` finds out what costs more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rcnas_zoo.attacks.losses import negative_margin
from rcnas_zoo.evaluation.contradictions import contradictions
from rcnas_zoo.evaluation.labelling import label_flags

_SUM_TOLERANCE = 1e-4
_NARROWEST_SHARE = 0.02
"""Of the value range. The usual mistake is a division by 255 too many."""
_FARTHEST_REACH = 100.0
"""Value ranges. An image whose slope, followed straight on, meets the boundary beyond that has no slope to speak of;
in trained networks it is met within one."""
_LEAST_PULL = 1e-30
"""Below that, a product with one small weight more is zero in float32. A confident network has 1e-9, a network whose
logits are a hundred apart has this."""
_BLIND_SHARE = 0.02
_SATURATED_SHARE = 0.1


def model_flags(model: nn.Module, images: Tensor, labels: Tensor, low: float = 0.0, high: float = 1.0) -> Iterator[str]:
    """Flags of the model itself, seen on one batch of clean images: one forward and one backward pass.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`.
        images: (N, C, H, W) float32 inside the value range.
        labels: (N,) int64.
        low: lowest pixel value.
        high: highest pixel value.
    """
    if float(images.max() - images.min()) < _NARROWEST_SHARE * (high - low):
        yield (
            f"narrow-images: all values lie between {float(images.min()):g} and {float(images.max()):g}, "
            f"in a value range from {low:g} to {high:g}; the images may be scaled twice"
        )
    point = images.clone().requires_grad_()
    logits: Tensor = model(point)
    if _look_like_probabilities(logits.detach()):
        yield "outputs-are-probabilities: every row of outputs is in [0, 1] and sums to 1; the model must return logits"
    yield from label_flags(logits.detach(), labels)
    if logits.requires_grad:
        yield from _gradient_flags(point, logits, labels, high - low)
    else:
        yield f"no-gradients: {len(images)} outputs do not depend on their images in a way that can be differentiated"


def _gradient_flags(point: Tensor, logits: Tensor, labels: Tensor, width: float) -> Iterator[str]:
    """Of the images classified rightly, for no other is ever attacked."""
    margins = negative_margin(logits, labels)
    gradient = torch.autograd.grad(margins.sum(), point)[0].flatten(1)
    right = logits.detach().argmax(1) == labels
    count = int(right.sum())
    invalid = int((~gradient.isfinite().all(1) & right).sum())
    if invalid:
        yield f"invalid-gradients: {invalid} of {count} images have a gradient with NaN or infinity"
    # The distance to the boundary if the margin went on as straight as it begins: no factor of the logits changes it.
    reach = margins.detach().abs() / (gradient.abs().sum(1) * width)
    blind = int(((reach > _FARTHEST_REACH) | (gradient == 0).all(1))[right].sum())
    if blind > _BLIND_SHARE * count:
        yield f"zero-gradients: {blind} of {count} images have a margin whose gradient is zero or next to it"
    saturated = int((_pull(logits.detach(), labels) < _LEAST_PULL)[right].sum())
    if saturated > _SATURATED_SHARE * count:
        yield (
            f"saturated-loss: {saturated} of {count} images have a cross-entropy whose gradient is zero in float32, "
            "for the logits are too far apart; attacks that climb it see nothing"
        )


def attack_flags(accuracies: Mapping[str, float], settings: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Flags of the results: AutoAttack beaten by a weaker attack, or run in another form than its standard one.

    Args:
        accuracies: attack name to accuracy.
        settings: attack name to settings.
    """
    for name, setting in settings.items():
        if "substitute" in setting:
            yield f"{name}-substitute: {setting['substitute']}"
        if name == "naa" and "source" not in setting:
            yield "naa-without-source: naa is made for transfer and weak on the network itself; name another --source"
    # What is made on another network says nothing of the strength of attacks on this one.
    yield from contradictions({name: a for name, a in accuracies.items() if "source" not in settings.get(name, {})})


def _look_like_probabilities(outputs: Tensor) -> bool:
    inside = bool(((outputs >= 0) & (outputs <= 1)).all())
    return inside and bool(((outputs.sum(1) - 1).abs() < _SUM_TOLERANCE).all())


def _pull(logits: Tensor, labels: Tensor) -> Tensor:
    """The greatest derivative of the cross-entropy to a wrong logit: (N,). It is the probability of that class."""
    return logits.softmax(1).scatter(1, labels[:, None], 0.0).amax(1)
