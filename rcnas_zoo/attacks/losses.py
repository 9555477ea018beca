"""What attacks climb: one loss for each example, higher where the network is nearer to being wrong."""

import torch
import torch.nn.functional as F
from torch import Tensor

_SMALL = 1e-12


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each example, in nats: (N,)."""
    return F.cross_entropy(logits, labels, reduction="none")


def negative_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """How far the best wrong logit is above the right one, max_{k != y} z_k - z_y: (N,); 0 on the decision boundary."""
    return _best_wrong(logits, labels) - _of(logits, labels)


def truncated_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """The negative margin, but 0 at most (Carlini and Wagner 2017, kappa = 0), so flat beyond the boundary: (N,)."""
    return negative_margin(logits, labels).clamp_max(0.0)


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """Difference of logits ratio: the negative margin over z_(1) - z_(3) (Croce and Hein 2020, Eq. 6): (N,).

    Neither a shift nor a positive factor of the logits changes it. At least 3 classes.
    """
    ranked = logits.topk(3, dim=1).values
    return negative_margin(logits, labels) / (ranked[:, 0] - ranked[:, 2] + _SMALL)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """(z_t - z_y) over z_(1) - (z_(3) + z_(4)) / 2 (Croce and Hein 2020, Eq. 8): (N,). At least 4 classes."""
    ranked = logits.topk(4, dim=1).values
    spread = ranked[:, 0] - (ranked[:, 2] + ranked[:, 3]) / 2
    return (_of(logits, targets) - _of(logits, labels)) / (spread + _SMALL)


LOSSES = {"cross-entropy": cross_entropy, "margin": negative_margin, "truncated-margin": truncated_margin, "dlr": dlr}


def _of(logits: Tensor, classes: Tensor) -> Tensor:
    return logits.gather(1, classes[:, None])[:, 0]


def _best_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.scatter(1, labels[:, None], -torch.inf).amax(1)
