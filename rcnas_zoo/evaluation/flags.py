"""Reasons to doubt a robust accuracy. They cost next to nothing, and none of them changes a number.

A flag is ``name: what was seen``. The assumptions are those that AutoAttack's authors check before they trust a result.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NOT_WEAKER = ("a3", "a3-search")
"""Attacks that claim to be stronger than AutoAttack."""
_SUM_TOLERANCE = 1e-4


def model_flags(model: nn.Module, images: Tensor, labels: Tensor) -> Iterator[str]:
    """Flags of the model itself, seen on one batch of clean images.

    Args:
        model: lent out by `rcnas_zoo.attacks.guard.untouched`.
        images: (N, C, H, W) float32 inside the value range.
        labels: (N,) int64.
    """
    point = images.clone().requires_grad_()
    logits: Tensor = model(point)
    if _look_like_probabilities(logits.detach()):
        yield "outputs-are-probabilities: every row of outputs is in [0, 1] and sums to 1; the model must return logits"
    if not logits.requires_grad:
        yield "no-gradients: the outputs do not depend on the images in a way that can be differentiated"
        return
    gradient = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), point)[0].flatten(1)
    useless = int(((gradient == 0).all(1) | ~gradient.isfinite().all(1)).sum())
    if useless:
        yield f"zero-gradients: {useless} of {len(images)} images have a loss gradient of zero or not a number"


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
    strongest = accuracies.get("autoattack", 0.0)
    for name, accuracy in accuracies.items():
        if accuracy < strongest and name not in NOT_WEAKER:
            yield f"autoattack-above-{name}: {strongest:.4f} under autoattack, {accuracy:.4f} under {name}"


def _look_like_probabilities(outputs: Tensor) -> bool:
    inside = bool(((outputs >= 0) & (outputs <= 1)).all())
    return inside and bool(((outputs.sum(1) - 1).abs() < _SUM_TOLERANCE).all())
